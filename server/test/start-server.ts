import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../src/config.ts";
import { startServer as start } from "../src/main.ts";
import { startModelServer } from "./model-server.ts";

export type StartOptions = {
  /** Settings over the test's own: a port of the system's choice, limits off, the scripted model. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Without a model server: the built-in model answers. */
  readonly builtIn?: boolean;
  /** A folder to use and leave; otherwise a new one that goes with the server. */
  readonly directory?: string;
};

/** A whole server, as `colloquy serve` starts it, with a scripted model server behind it. */
export async function startServer(options: StartOptions = {}) {
  await using opened = new AsyncDisposableStack();
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "colloquy-test-")));
  if (!options.directory) opened.defer(() => rm(directory, { recursive: true, force: true }));
  const model = opened.use(await startModelServer());
  const server = await start(
    readConfig({
      PORT: "0",
      HOST: "127.0.0.1",
      DATA_DIR: directory,
      RATE_LIMITS: "off",
      LOG_LEVEL: "error",
      OLLAMA_BASE_URL: "http://127.0.0.1:9",
      ...(options.builtIn ? {} : { OPENAI_BASE_URL: model.url, MODEL: "scripted" }),
      ...options.environment,
    }),
  );
  opened.defer(() => server.close(0));
  const resources = opened.move();
  return {
    ...server,
    directory,
    model,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
