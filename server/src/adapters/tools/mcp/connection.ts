import {
  Client,
  InsufficientScopeError,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  StreamableHTTPClientTransport,
  type Transport,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import type { JsonObject } from "../../../domain/json.ts";
import type { ToolDefinition, ToolSource } from "../../../ports/tool-sources.ts";
import type { ToolAnswer } from "../../../ports/tools.ts";
import { answerOf, inWords } from "./answers.ts";
import { boundedFetch, type Fetch } from "./bounded-fetch.ts";
import { definitionsIn } from "./definitions.ts";
import { type StdioCommand, StdioTransport } from "./stdio-transport.ts";

/** Where a source is: a server, or a program. */
export type McpPlace =
  | {
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      /** Default: boundedFetch. */
      readonly fetch?: Fetch;
    }
  | StdioCommand;

/** A source that answers. */
export type Connection = {
  list(): Promise<{
    readonly definitions: readonly ToolDefinition[];
    readonly problem: string | null;
  }>;
  /** Never rejects, unless the signal is aborted. `isLost`: the connection is of no more use. */
  call(
    definition: ToolDefinition,
    given: JsonObject,
    options: Omit<Parameters<ToolSource["call"]>[2], "owner" | "accepted">,
  ): Promise<{
    readonly answer: ToolAnswer;
    readonly isLost: boolean;
    /** The source has refused the call because nobody, or somebody else, is signed in. */
    readonly wantsSignIn: boolean;
  }>;
  close(): Promise<void>;
};

export type ConnectionOptions = {
  readonly version: string;
  /** Aborted: nobody waits for the source any more. */
  readonly signal: AbortSignal;
  /** The source says that its tools have changed. */
  readonly onToolsChanged: () => void;
  readonly onClosed: () => void;
};

/** Under which a source finds the key of a call. */
const KEY = "colloquy/key";
/** Under which a source that is a server of conversations finds which replies wait for a call. */
const WITHIN = "colloquy/within";
const CONNECT_TIMEOUT_MS = 20_000;
const PROBE_TIMEOUT_MS = 3_000;
const LIST_TIMEOUT_MS = 15_000;
const MAX_PAGES = 8;
/** Requests that were not carried out, by their status. */
const REFUSED = new Set([400, 401, 403, 404, 405, 406, 413, 415, 429]);

/** A request that was certainly not carried out; its cause says why. */
export class NotMade extends Error {
  constructor(cause: unknown) {
    super("", { cause });
    this.name = "NotMade";
  }
}

/**
 * Connects to a source: by the newest version of the protocol that both know, or by one before it.
 * @throws Error, whose words problemOf gives
 */
export async function connect(place: McpPlace, options: ConnectionOptions): Promise<Connection> {
  // A program that ends at a question it does not know is asked again as the programs of earlier versions are.
  if ("url" in place) return open(place, "auto", options);
  return open(place, "auto", options).catch(() => {
    options.signal.throwIfAborted();
    return open(place, "legacy", options);
  });
}

async function open(
  place: McpPlace,
  mode: "auto" | "legacy",
  { version, signal, onToolsChanged, onClosed }: ConnectionOptions,
): Promise<Connection> {
  const transport = transportOf(place);
  const client = new Client(
    { name: "colloquy", version },
    {
      versionNegotiation: { mode, probe: { timeoutMs: PROBE_TIMEOUT_MS } },
      // Nobody is asked on behalf of a source, and no model is.
      inputRequired: { autoFulfill: false },
      listMaxPages: MAX_PAGES,
      // Schemas of sources are not compiled.
      jsonSchemaValidator: {
        getValidator: () => (data) => ({
          valid: true,
          data: data as never,
          errorMessage: undefined,
        }),
      },
    },
  );
  // What goes wrong is known by the request that it goes wrong for.
  client.onerror = () => {};
  client.setNotificationHandler("notifications/tools/list_changed", onToolsChanged);
  let isOpen = false;
  client.onclose = () => {
    if (isOpen) onClosed();
  };
  const giveUp = () => void transport.close();
  signal.addEventListener("abort", giveUp);
  try {
    await client.connect(transport, { timeout: CONNECT_TIMEOUT_MS, signal });
  } catch (error) {
    await transport.close();
    const said = transport instanceof StdioTransport ? inWords(transport.stderr) : "";
    throw said === "" ? error : new Error(`${problemOf(error)} It wrote: ${said}`);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
  isOpen = true;
  return {
    async list() {
      const options = { timeout: LIST_TIMEOUT_MS, cacheMode: "bypass" } as const;
      const { tools } = await client.listTools(undefined, options);
      return definitionsIn(tools);
    },
    async call({ name, parameters }, given, { timeoutMs, signal: ended, key, within }) {
      try {
        const result = await client.callTool(
          { name, arguments: given, _meta: { [KEY]: key, [WITHIN]: [...within] } },
          {
            timeout: timeoutMs,
            maxTotalTimeout: timeoutMs,
            signal: ended,
            toolDefinition: { name, inputSchema: { ...parameters, type: "object" } },
          },
        );
        return { answer: answerOf(result), isLost: false, wantsSignIn: false };
      } catch (error) {
        ended.throwIfAborted();
        return failureOf(error, timeoutMs);
      }
    },
    async close() {
      isOpen = false;
      await client.close();
      await transport.close();
    },
  };
}

const transportOf = (place: McpPlace): Transport => {
  if (!("url" in place)) return new StdioTransport(place);
  return new StreamableHTTPClientTransport(new URL(place.url), {
    fetch: place.fetch ?? boundedFetch,
    requestInit: { headers: place.headers },
    onInsufficientScope: "throw",
  });
};

/** What a call ended with that has no result. */
function failureOf(error: unknown, timeoutMs: number) {
  const told = (text: string, outcome: "failed" | "unknown", isLost: boolean) => ({
    answer: { text, outcome } as const,
    isLost,
    wantsSignIn: wantsSignIn(error),
  });
  if (error instanceof ProtocolError) return told(inWords(error.message), "failed", false);
  if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout)
    return told(`The tool gave no result within ${timeoutMs / 1000} s.`, "unknown", false);
  const isRefused =
    error instanceof NotMade ||
    error instanceof UnauthorizedError ||
    error instanceof InsufficientScopeError ||
    (error instanceof SdkHttpError && REFUSED.has(error.status)) ||
    (error instanceof SdkError && error.code === SdkErrorCode.NotConnected);
  const words = `The tool's source failed: ${problemOf(error)}`;
  return told(words, isRefused ? "failed" : "unknown", true);
}

/** What went wrong, in a sentence for the operator. */
export function problemOf(error: unknown): string {
  if (wantsSignIn(error))
    return "It wants a sign-in (401). Set sign_in, so that each user signs in to it, or headers with a token that it takes.";
  if (error instanceof InsufficientScopeError || isStatus(error, 403))
    return "It refuses the token (403). Use one that may: in headers, or by signing in with another account.";
  if (error instanceof SdkHttpError) return `It answers with the status ${error.status}.`;
  if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout)
    return "It does not answer in time.";
  const causes: string[] = [];
  for (let cause = error; cause instanceof Error && causes.length < 3; cause = cause.cause)
    causes.push(inWords(cause.message));
  const words = causes.filter(Boolean).join(": ") || "It does not answer";
  return /[.!?]$/u.test(words) ? words : `${words}.`;
}

/** Whether a source has refused a request because of who sends it. */
export const wantsSignIn = (error: unknown): boolean =>
  error instanceof UnauthorizedError || isStatus(error, 401);

const isStatus = (error: unknown, status: number): boolean =>
  error instanceof SdkHttpError && error.status === status;
