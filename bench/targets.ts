import { join, resolve } from "node:path";
import { ConversationPool, createConversations } from "./conversation-pool.ts";
import type { PlannedRequest } from "./load.ts";
import type { ModelSettings } from "./model-settings.ts";
import type { Options } from "./options.ts";
import { findFreePort, ServerProcess } from "./processes.ts";
import { LISTED_TOTAL } from "./sizes.ts";
import { chatV1Wire, modelWire, type RequestKind, type Wire } from "./wires.ts";

/** `colloquy`: Colloquy itself, for what one of its features costs. */
export type BaselineName = "sqlite" | "raw" | "colloquy";

/** A running server and how to load it. */
export type Target = {
  readonly name: string;
  readonly port: number;
  readonly wire: Wire;
  readonly process: ServerProcess;
  /** Conversations that no other load uses, so that histories stay short. */
  openPool(count: number): Promise<ConversationPool>;
};

/** Where a run takes place. */
export type Site = {
  readonly options: Options;
  readonly model: ServerProcess;
  readonly modelPort: number;
  /** A file name that is not used yet, for databases and logs. */
  newPath(name: string): string;
};

export const BASE_COLLOQUY = "base-colloquy";
export const COLLOQUY_PROGRAM = resolve(import.meta.dirname, "../server/bin/colloquy.js");

/** The requests of one run, no two at a time in the same conversation. */
export function requestsOf(
  target: Target,
  kind: RequestKind,
  settings: ModelSettings,
  pool: ConversationPool,
): () => PlannedRequest {
  return () => {
    const id = pool.take();
    const text = target.wire.write(kind, id, settings);
    return { text, release: () => pool.giveBack(id) };
  };
}

export async function startModel(
  options: Options,
  newPath: Site["newPath"],
): Promise<{ model: ServerProcess; modelPort: number }> {
  const modelPort = await findFreePort();
  const file = options.baselinesDirectory
    ? resolve(options.baselinesDirectory, "mock-llm.mjs")
    : join(import.meta.dirname, "model.ts");
  const model = new ServerProcess({
    name: "model",
    processor: options.loadProcessor,
    arguments: [file, "--port", String(modelPort)],
    environment: {},
    logFile: newPath("model.log"),
  });
  await model.waitUntilReady(modelPort, "/v1/models");
  return { model, modelPort };
}

/** @param settings of the scenario, for Colloquy */
export function startBaseline(
  name: BaselineName,
  site: Site,
  settings: Readonly<Record<string, string>>,
): Promise<Target> {
  if (name === "colloquy") return startColloquy(BASE_COLLOQUY, site, settings);
  const { baselinesDirectory } = site.options;
  const file = baselinesDirectory
    ? resolve(baselinesDirectory, `base-${name}.mjs`)
    : join(import.meta.dirname, "baselines", `${name}.ts`);
  return startScript(`base-${name}`, file, name === "raw" ? modelWire : chatV1Wire, {}, site);
}

/** The server to be measured; `dataDirectory` gives it a store that is there already. */
export function startMeasured(
  site: Site,
  settings: Readonly<Record<string, string>>,
  dataDirectory?: string,
): Promise<Target> {
  const { targetFile, targetEnvironment } = site.options;
  if (targetFile === undefined) return startColloquy("colloquy", site, settings, dataDirectory);
  return startScript("target", resolve(targetFile), chatV1Wire, targetEnvironment, site);
}

async function startScript(
  name: string,
  file: string,
  wire: Wire,
  settings: Readonly<Record<string, string>>,
  site: Site,
): Promise<Target> {
  const port = await findFreePort();
  const process = new ServerProcess({
    name,
    processor: site.options.serverProcessor,
    arguments: [file],
    environment: {
      PORT: String(port),
      UP_PORT: String(site.modelPort),
      DB: site.newPath(`${name}.db`),
      SYNC: "FULL",
      ...settings,
    },
    logFile: site.newPath(`${name}.log`),
  });
  await process.waitUntilReady(port, "/v1/chat/conversations");
  const ids = Array.from({ length: LISTED_TOTAL }, (_, number) => `c${number}`);
  const openPool = async (count: number) =>
    new ConversationPool(Array.from({ length: Math.ceil(count / ids.length) }, () => ids).flat());
  return { name, port, wire, process, openPool };
}

/** Everything that is not said here is at its default. */
async function startColloquy(
  name: string,
  site: Site,
  settings: Readonly<Record<string, string>>,
  dataDirectory?: string,
): Promise<Target> {
  const port = await findFreePort();
  const process = new ServerProcess({
    name,
    processor: site.options.serverProcessor,
    arguments: [COLLOQUY_PROGRAM, "serve"],
    environment: {
      PORT: String(port),
      DATA_DIR: dataDirectory ?? site.newPath(`${name}.data`),
      OPENAI_BASE_URL: `http://127.0.0.1:${site.modelPort}/v1`,
      MODEL: "mock",
      RATE_LIMITS: "off",
      ...settings,
      ...site.options.targetEnvironment,
    },
    logFile: site.newPath(`${name}.log`),
  });
  await process.waitUntilReady(port, "/health");
  const openPool = async (count: number) =>
    new ConversationPool(await createConversations(port, count));
  return { name, port, wire: chatV1Wire, process, openPool };
}
