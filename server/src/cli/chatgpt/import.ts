import { derivedUuid } from "../../adapters/clocks/system/clock.ts";
import type { Chat } from "../../core/importing/chat.ts";
import { decodeChatGpt } from "../../core/importing/chatgpt/decode.ts";
import { type ChatRecords, putChats, recordsOf } from "../../core/importing/records.ts";
import { parseRepaired, parsingProblem } from "../../core/importing/repair.ts";
import type { Owner } from "../../domain/principal.ts";
import { createPace } from "../../domain/turns-of-the-loop.ts";
import { elementsOf } from "../importing/array-elements.ts";
import type { Job } from "../importing/job.ts";
import type { Piece } from "../importing/pieces.ts";
import { ImportProblem } from "../importing/problem.ts";
import type { Tally } from "../importing/tally.ts";

const BATCH_RECORDS = 500;

/**
 * Imports the conversations of a ChatGPT export for an owner, each with all of its branches or not at all. A
 * conversation that exists already gets the new messages and branches from ChatGPT, unless it was continued here.
 * @throws ImportProblem when the file is no JSON array, or not whole
 */
export async function importChats(
  { chunks, destination, tally, signal, onProgress }: Job,
  owner: Owner,
): Promise<void> {
  const importing = {
    owner,
    destination,
    deriveId: derivedUuid,
    keepsIds: true,
    pace: createPace(),
  };
  let batch: ChatRecords[] = [];
  let size = 0;
  const flush = async () => {
    const chats = batch;
    batch = [];
    size = 0;
    await putChats(chats, destination);
    onProgress();
  };
  try {
    for await (const piece of elementsOf(chunks)) {
      if (signal.aborted) return;
      const chat = await readChat(piece, tally);
      if (!chat) continue;
      const records = await recordsOf(chat, tally, importing);
      batch.push(records);
      size += records.kept.length;
      if (size >= BATCH_RECORDS) await flush();
    }
  } catch (error) {
    if (!(signal.aborted && error instanceof ImportProblem)) throw error;
  } finally {
    await flush();
  }
}

async function readChat(piece: Piece, tally: Tally): Promise<Chat | null> {
  const place = `conversation ${piece.number}`;
  const misunderstand = (reason: string) => {
    tally.misunderstand(place, reason);
    return null;
  };
  if (piece.text === null) return misunderstand("it is far too long");
  if (piece.isDamaged) tally.repair();
  try {
    const chat = await decodeChatGpt(parseRepaired(piece.text, tally.repair), tally.leaveOut);
    return typeof chat === "string" ? misunderstand(chat) : chat;
  } catch (error) {
    return misunderstand(parsingProblem(error));
  }
}
