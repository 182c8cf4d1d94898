import { AppError } from "../../../domain/errors.ts";
import type { Message } from "../../../domain/message.ts";

/** Of the messages that are given at once: more than anybody says in one conversation, and little enough to be held many times. */
export const MAX_CHARACTERS = 32 * 1024 * 1024;
const MIN_ROWS = 32;
const MAX_ROWS = 1000;

export const tooLong = () =>
  new AppError(
    "too_large",
    "These messages are too long to be given at once. Ask for fewer at a time: GET /v1/chat/conversations/{id}/messages with limit and before",
  );

/** A list that grows by pages, none of which is much longer than another. */
export function createMessageList() {
  const messages: Message[] = [];
  let characters = 0;
  return {
    messages,
    /** @throws AppError too_large */
    add(page: readonly Message[]): void {
      for (const message of page) {
        characters += message.content.length;
        messages.push(message);
      }
      if (characters > MAX_CHARACTERS) throw tooLong();
    },
    /** How many to read next, by the length of those that were read. */
    rows(): number {
      const fitting = (MAX_CHARACTERS / 8) * (messages.length / Math.max(1, characters));
      return Math.floor(Math.min(MAX_ROWS, Math.max(MIN_ROWS, fitting)));
    },
  };
}
