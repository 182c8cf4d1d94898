/* The thread that writes: it alone waits for the disk, so that the event loop never does. */
import { parentPort, workerData } from "node:worker_threads";
import { createStatementReader } from "../sql/statement.ts";
import { createRunBatch, type Outcome } from "./batch.ts";
import { openDatabase } from "./database.ts";
import { createExecutor } from "./executor.ts";
import { watchDatabaseFiles } from "./files.ts";
import { startHousekeeping } from "./housekeeping.ts";
import {
  createThreadWork,
  type FromThread,
  type Problem,
  type ThreadOptions,
  type ThreadWrites,
  type ToThread,
  toProblem,
} from "./thread-messages.ts";

const port = parentPort;
if (!port) throw new Error("The writing thread is started by the store");

const { directory, synchronous, keepsTidy, statements } = workerData as ThreadOptions;
const database = openDatabase(directory, synchronous);
const executor = createExecutor(database);
const work = createThreadWork(createStatementReader(statements));
const writes = work.writes as unknown as ThreadWrites;
const runBatch = createRunBatch(database, executor, watchDatabaseFiles(directory));
const housekeeping = keepsTidy
  ? startHousekeeping(database, { executor, runBatch, index: work.index })
  : null;

const toMessage = (outcome: Outcome): Outcome<Problem> =>
  outcome.isStored ? outcome : { isStored: false, problem: toProblem(outcome.problem) };

port.on("message", (message: ToThread) => {
  if (message === "close") {
    housekeeping?.[Symbol.dispose]();
    database.close();
    port.close();
    return;
  }
  const outcomes = runBatch(
    message.map(
      ([name, given]) =>
        () =>
          writes[name](...given),
    ),
  );
  port.postMessage(outcomes.map(toMessage) satisfies FromThread);
  housekeeping?.postpone();
});
