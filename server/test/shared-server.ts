import { after } from "node:test";
import { startServer } from "./start-server.ts";

export type TestServer = Awaited<ReturnType<typeof startServer>>;

let shared: Promise<TestServer> | null = null;

after(async () => (await shared)?.[Symbol.asyncDispose]());

/**
 * The server of the test file, without settings of its own: started by the first test that asks, closed after the last.
 * What the tests before have said is deleted, and the model has forgotten it. A test that claims the server, closes the
 * store or changes what all share starts one of its own. Idempotency keys stay known: each test has its own.
 */
export async function sharedServer(): Promise<TestServer> {
  shared ??= startServer();
  const server = await shared;
  for await (const record of server.store.exportRecords())
    if (record.type === "conversation")
      await server.store.deleteConversation(record.owner, record.conversation.id);
  server.model.forget();
  return { ...server, async [Symbol.asyncDispose]() {} };
}
