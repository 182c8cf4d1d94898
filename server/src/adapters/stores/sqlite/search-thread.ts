/* A thread that searches: neither the event loop nor the thread that writes waits for it. */
import { parentPort, workerData } from "node:worker_threads";
import type { SearchHit } from "../../../ports/search.ts";
import { type FoundPage, MAX_SEARCH_MS } from "../sql/search-page.ts";
import { createStatementReader } from "../sql/statement.ts";
import { openDatabase } from "./database.ts";
import { createExecutor } from "./executor.ts";
import { createSearchReads } from "./search.ts";
import type {
  FromSearchThread,
  PagePiece,
  Question,
  SearchThreadOptions,
} from "./search-messages.ts";
import { toProblem } from "./thread-messages.ts";

const port = parentPort;
if (!port) throw new Error("A searching thread is started by the store");

const CACHE_KIBIBYTES = 16 * 1024;
/** What is sent at once: the main thread reads it in about a millisecond, but for a single longer message. */
const MAX_PIECE_CHARACTERS = 500_000;

const { directory, synchronous, statements } = workerData as SearchThreadOptions;
const database = openDatabase(directory, synchronous);
database.exec(`PRAGMA query_only = ON; PRAGMA cache_size = -${CACHE_KIBIBYTES}`);
let endsAt = 0;
const isOver = (): boolean => performance.now() > endsAt;
const reads = createSearchReads(createStatementReader(statements), isOver);
const executor = createExecutor(database, isOver);
let rest: FoundPage = { hits: [], total: 0, conversations: 0, isComplete: true };

/** The next hits that have not been sent yet. */
function nextPiece(): PagePiece {
  const { hits, ...counts } = rest;
  let characters = 0;
  let count = 0;
  const weightOf = (hit: SearchHit) => hit.snippet.length + (hit.message?.content.length ?? 0);
  while (count < hits.length && characters < MAX_PIECE_CHARACTERS)
    characters += weightOf(hits[count++] as SearchHit);
  rest = { ...counts, hits: hits.slice(count) };
  return { ...counts, hits: hits.slice(0, count), isLast: count === hits.length };
}

function answer(question: Question): unknown {
  switch (question.kind) {
    case "end":
      return executor.run(reads.searchEnd());
    case "isIndexedTo":
      return executor.run(reads.isIndexedTo(question.end, question.owner));
    case "missing":
      return executor.run(reads.missingOf(question.owner, question.end));
    case "page":
      rest = executor.run(reads.searchPage(question.owner, question.query, question.page));
      return nextPiece();
    case "more":
      return nextPiece();
  }
}

port.on("message", (question: Question) => {
  endsAt = performance.now() + MAX_SEARCH_MS;
  let outcome: FromSearchThread;
  try {
    outcome = { isStored: true, result: answer(question) };
  } catch (error) {
    outcome = { isStored: false, problem: toProblem(error) };
  }
  port.postMessage(outcome);
});
