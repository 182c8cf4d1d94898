import { existsSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { LOCK_FILE } from "../../adapters/stores/sqlite/beginning.ts";
import { lockDirectory } from "../../adapters/stores/sqlite/lock.ts";
import type { Config } from "../../config/config.ts";
import { AppError } from "../../domain/errors.ts";
import { VERSION } from "../../version.ts";
import { type Finding, failure, fine, warning } from "./finding.ts";

const CHECK = "server";
const PATIENCE_MS = 5000;

type Answer =
  | { readonly kind: "none" }
  | { readonly kind: "other"; readonly what: string }
  | {
      readonly kind: "colloquy";
      readonly version: string;
      readonly isHealthy: boolean;
      readonly services: readonly string[];
    };

/** Checks whether a server answers on PORT, and whether it is the one that uses the data folder. */
export async function checkServer(
  config: Config,
  folder: string | null,
  isFolderUsable: boolean,
): Promise<Finding> {
  if (config.port === 0)
    return fine(CHECK, "PORT=0: the port is chosen at each start, so none was asked");
  const scheme = config.tls ? "https" : "http";
  const url = `${scheme}://${addressOf(config.host)}:${config.port}`;
  const answer = await ask(url);
  const isInUse = folder !== null && isFolderUsable ? isLocked(folder) : null;
  if (answer.kind === "other")
    return failure(
      CHECK,
      `another program answers at ${url} (${answer.what}), so the server cannot use that port`,
      `stop that program, or choose another port: PORT=${config.port + 1}`,
    );
  if (answer.kind === "none") {
    if (isInUse)
      return warning(
        CHECK,
        `a server uses the data folder, but none answers at ${url}`,
        "if it is not just starting: it was started with another PORT or HOST, or hangs",
      );
    return fine(CHECK, `none is running at ${url}`);
  }
  if (folder !== null && (isInUse === false || !existsSync(folder)))
    return warning(
      CHECK,
      `the one that runs at ${url} uses another data folder than ${folder}; keys that are made here do nothing there`,
      "start it with the same settings as this command, or set DATA_DIR here as it is there",
    );
  if (answer.version !== VERSION)
    return warning(
      CHECK,
      `the one that runs at ${url} is version ${answer.version}, and this is ${VERSION}`,
      "start it again",
    );
  if (!answer.isHealthy)
    return warning(
      CHECK,
      `one runs at ${url}, and says that it is not healthy; these do not work: ${answer.services.join(", ")}`,
      "see the other lines, and its log",
    );
  return fine(CHECK, `runs at ${url}, version ${answer.version}, healthy`);
}

/** How a server that listens there is reached on its own machine. */
export function addressOf(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

async function ask(url: string): Promise<Answer> {
  const scheme = url.startsWith("https:") ? "HTTPS" : "HTTP";
  let response: IncomingMessage;
  let body: unknown;
  try {
    response = await open(url);
    body = await json(response).catch(() => null);
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException;
    if (REFUSALS.has(code)) return { kind: "none" };
    return {
      kind: "other",
      what:
        name === "AbortError" || code === "ABORT_ERR"
          ? "it takes connections and says nothing"
          : `it speaks no ${scheme}`,
    };
  }
  const health = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const { status, version, services } = health;
  if (typeof version !== "string" || typeof status !== "string")
    return { kind: "other", what: `/health has status ${response.statusCode}` };
  const down = Object.entries(services ?? {}).flatMap(([name, isUp]) =>
    isUp === true ? [] : [name],
  );
  return { kind: "colloquy", version, isHealthy: status === "healthy", services: down };
}

/** The certificate has the public name of the server instead of the local address. */
function open(url: string): Promise<IncomingMessage> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const request = url.startsWith("https:")
    ? httpsRequest(`${url}/health`, { signal, rejectUnauthorized: false })
    : httpRequest(`${url}/health`, { signal });
  return new Promise((resolve, reject) => {
    request.on("response", resolve).on("error", reject).end();
  });
}

/** The finding that nothing listens at the address. */
const REFUSALS: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "EADDRNOTAVAIL",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** Null if unknown. A missing lock file is not created, because it would belong to this user. */
function isLocked(folder: string): boolean | null {
  if (!existsSync(join(folder, LOCK_FILE))) return false;
  try {
    lockDirectory(folder)[Symbol.dispose]();
    return false;
  } catch (error) {
    return error instanceof AppError ? true : null;
  }
}
