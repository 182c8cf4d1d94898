// Which version of the protocol a request is of.
import type { IncomingHttpHeaders } from "node:http";
import { ProtocolError, RPC } from "./errors.ts";
import { type Fields, isFields, metaOf, type RpcMessage } from "./messages.ts";

/** Versions of which each request says which one it is of. Newest first. */
export const MODERN_VERSIONS = ["2026-07-28"] as const;
/** Versions that are agreed on by `initialize`. Newest first. */
const LEGACY_VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const;
const ALL_VERSIONS: readonly string[] = [...MODERN_VERSIONS, ...LEGACY_VERSIONS];
/** The one version in which several messages may come at once, and that of clients that name none. */
const VERSION_OF_BATCHES = "2025-03-26";

export type Era = "modern" | "legacy";

const PREFIX = "io.modelcontextprotocol/";
const VERSION = `${PREFIX}protocolVersion`;
const CAPABILITIES = `${PREFIX}clientCapabilities`;
export const SERVER_INFO = `${PREFIX}serverInfo`;

const VERSION_HEADER = "mcp-protocol-version";
const ENCODED = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/;

/** The version that both sides go on with: the one that the client asks for, or else the newest that it may know. */
export function agreedVersion({ protocolVersion }: Fields): string {
  const [newest] = LEGACY_VERSIONS;
  return LEGACY_VERSIONS.find((version) => version === protocolVersion) ?? newest;
}

/**
 * Says by which rules a message is answered. What stands in its headers must be what stands in it.
 * @throws ProtocolError
 */
export function eraOf(message: RpcMessage, headers: IncomingHttpHeaders): Era {
  const { id, method } = message;
  const meta = metaOf(message);
  const named = textOf(headers[VERSION_HEADER]);
  if (!(VERSION in meta)) {
    // What the client would like is in its body.
    if (method === "initialize") return "legacy";
    if (named !== undefined && !ALL_VERSIONS.includes(named)) throw unsupported(named);
    if (!MODERN_VERSIONS.some((version) => version === named)) return "legacy";
    // What notifications must have is not said.
    if (id === null) return "modern";
    throw badMeta(VERSION, "must name the version, as the header MCP-Protocol-Version does");
  }
  const claimed = meta[VERSION];
  if (typeof claimed !== "string") throw badMeta(VERSION, "must be a text");
  if (id !== null && named === undefined)
    throw mismatch("The header MCP-Protocol-Version is missing");
  if (named !== undefined && named !== claimed)
    throw mismatch(`The header MCP-Protocol-Version does not match _meta["${VERSION}"]`);
  if (!MODERN_VERSIONS.some((version) => version === claimed)) throw unsupported(claimed);
  if (!isFields(meta[CAPABILITIES])) throw badMeta(CAPABILITIES, "must be an object");
  if (id !== null) checkMirrors(message, headers);
  return "modern";
}

/** Whether several messages may come at once. @throws ProtocolError */
export function checkBatch(headers: IncomingHttpHeaders): void {
  const named = textOf(headers[VERSION_HEADER]) ?? VERSION_OF_BATCHES;
  if (!ALL_VERSIONS.includes(named)) throw unsupported(named);
  if (named !== VERSION_OF_BATCHES)
    throw new ProtocolError(
      400,
      RPC.invalidRequest,
      `Version ${named} has no batches: send each message by a request of its own`,
    );
}

/** @throws ProtocolError */
function checkMirrors({ method, params }: RpcMessage, headers: IncomingHttpHeaders): void {
  const sentMethod = textOf(headers["mcp-method"]);
  if (sentMethod === undefined) throw mismatch("The header Mcp-Method is missing");
  if (sentMethod !== method) throw mismatch("The header Mcp-Method does not match the method");
  if (method !== "tools/call") return;
  const sentName = textOf(headers["mcp-name"]);
  if (sentName === undefined) throw mismatch("The header Mcp-Name is missing");
  if (decoded(sentName) !== params.name)
    throw mismatch("The header Mcp-Name does not match params.name");
}

function decoded(value: string): string {
  const encoded = ENCODED.exec(value)?.[1];
  return encoded === undefined ? value : Buffer.from(encoded, "base64").toString("utf8");
}

const textOf = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === "string" ? value : value?.join(", ");

const mismatch = (message: string): ProtocolError =>
  new ProtocolError(400, RPC.headerMismatch, message);

const badMeta = (name: string, words: string): ProtocolError =>
  new ProtocolError(400, RPC.invalidParams, `params._meta["${name}"] ${words}`);

const MAX_SHOWN_CHARACTERS = 64;

function unsupported(requested: string): ProtocolError {
  const shown = requested.slice(0, MAX_SHOWN_CHARACTERS).toWellFormed();
  return new ProtocolError(
    400,
    RPC.unsupportedVersion,
    `This server does not speak version '${shown}' of the protocol. It speaks ${ALL_VERSIONS.join(", ")}`,
    { supported: ALL_VERSIONS, requested: shown },
  );
}
