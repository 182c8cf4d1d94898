// Messages of JSON-RPC 2.0, as the Model Context Protocol has them.
import { ProtocolError, RPC, type RpcId } from "./errors.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** A request, or with `id: null` a notification. */
export type RpcMessage = {
  readonly id: RpcId | null;
  readonly method: string;
  readonly params: Fields;
};

const MAX_ID_CHARACTERS = 256;
const MAX_METHOD_CHARACTERS = 256;

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isId = (value: unknown): value is RpcId =>
  Number.isSafeInteger(value) || (typeof value === "string" && value.length <= MAX_ID_CHARACTERS);

/** @throws ProtocolError */
export function readMessage(body: unknown): RpcMessage {
  if (!isFields(body)) throw invalid("The body must be one message of JSON-RPC: an object");
  if (body.jsonrpc !== "2.0") throw invalid('jsonrpc must be "2.0"');
  const { id, method, params = {} } = body;
  if (method === undefined && ("result" in body || "error" in body))
    throw invalid("This server sends no requests to its clients, so it expects no responses");
  if (typeof method !== "string" || method === "" || method.length > MAX_METHOD_CHARACTERS)
    throw invalid(`method must be a text of 1 to ${MAX_METHOD_CHARACTERS} characters`);
  if ("id" in body && !isId(id))
    throw invalid(`id must be a whole number or a text of at most ${MAX_ID_CHARACTERS} characters`);
  if (!isFields(params))
    throw new ProtocolError(400, RPC.invalidParams, "params must be an object");
  return { id: isId(id) ? id : null, method, params };
}

/** What a message says of itself; empty where it says nothing. @throws ProtocolError */
export function metaOf({ params }: Pick<RpcMessage, "params">): Fields {
  const { _meta: meta = {} } = params;
  if (isFields(meta)) return meta;
  throw new ProtocolError(400, RPC.invalidParams, "params._meta must be an object");
}

const invalid = (message: string): ProtocolError =>
  new ProtocolError(400, RPC.invalidRequest, message);
