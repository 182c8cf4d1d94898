import type { Message } from "../../domain/message.ts";
import type { Owner } from "../../domain/principal.ts";
import type { OpenRequest } from "./model-request.ts";
import type { TurnParts } from "./turn.ts";
import { type Guess, isSame } from "./turn-intent.ts";

/** A request to the model that was sent before its message was, and the conversation that it was sent about. */
export type PreparedRequest = { readonly about: Guess; readonly request: OpenRequest };

/**
 * The request to the model while the question is on its way to the disk. It is sent where the queue says that
 * no turn is ahead, and discarded where the stored question stands elsewhere than was guessed.
 */
export type EarlyRequest = {
  /** The request; null where none was sent, or where it was discarded. */
  readonly current: OpenRequest | null;
  /** Sends the request unless a turn is ahead. Only the first call, of this or of `settle`, decides. */
  sendIfFirst(isFirst: boolean | Promise<boolean>): void;
  /** The question is stored. @param isAsGuessed in the conversation that was guessed, and with no reply in progress before it */
  settle(isAsGuessed: boolean): void;
  /** Discards the request where the model was not told of everything that is stored before the question. Never rejects. */
  verify(question: Message): Promise<void>;
  /** Discards the request; none is sent any more. */
  discard(): void;
};

/**
 * @param options.prepared takes the place of a new request where the conversation is still as it was; discarded otherwise
 * @param options.isAllowed whether a request may be sent early at all
 * @param options.send sends a request about the conversation as it is guessed
 */
export function createEarlyRequest(
  { store }: Pick<TurnParts, "store">,
  owner: Owner,
  options: {
    readonly guess: Guess;
    readonly prepared: PreparedRequest | null;
    readonly isAllowed: boolean;
    readonly send: () => OpenRequest;
  },
): EarlyRequest {
  const { guess, prepared, isAllowed, send } = options;
  let current: OpenRequest | null = null;
  let isDecided = false;

  const decide = (isFirst: boolean): void => {
    if (isDecided) return;
    isDecided = true;
    const isSent = isFirst && isAllowed;
    if (isSent && prepared && isSame(prepared.about, guess)) current = prepared.request;
    else {
      prepared?.request.discard();
      if (isSent) current = send();
    }
  };
  const discard = (): void => {
    decide(false);
    current?.discard();
    current = null;
  };

  return {
    get current() {
      return current;
    },
    sendIfFirst(isFirst) {
      if (typeof isFirst === "boolean") decide(isFirst);
      else void isFirst.then(decide);
    },
    settle(isAsGuessed) {
      if (isAsGuessed) decide(true);
      else discard();
    },
    async verify(question) {
      if (current && !(await knowsWhatWasSaid({ store }, owner, question, current))) discard();
    },
    discard,
  };
}

/** Whether the model was told of everything that is stored before the question. Never rejects. */
async function knowsWhatWasSaid(
  { store }: Pick<TurnParts, "store">,
  owner: Owner,
  { conversationId, sequence }: Message,
  request: OpenRequest,
): Promise<boolean> {
  const knownTo = await request.knowsTo;
  if (knownTo === null || knownTo === sequence - 1) return true;
  // The messages between may have been deleted, or be replies without text.
  const limits = { maxCharacters: 1, beforeSequence: sequence };
  const latest = await store.recentMessages(owner, conversationId, limits).catch(() => null);
  return latest !== null && (latest[0]?.sequence ?? -1) === knownTo;
}
