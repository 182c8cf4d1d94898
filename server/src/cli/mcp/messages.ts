// What of a message of the Model Context Protocol matters to who passes it on.

export type Fields = Readonly<Record<string, unknown>>;
export type RpcId = string | number;

/** Of JSON-RPC. */
export const PARSE_ERROR = -32_700;
export const INVALID_REQUEST = -32_600;
export const INTERNAL_ERROR = -32_603;

const VERSION = "io.modelcontextprotocol/protocolVersion";
/** What a header may hold as it is. */
const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const ENCODED = /^=\?base64\?.*\?=$/;

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isId = (value: unknown): value is RpcId =>
  typeof value === "string" || Number.isSafeInteger(value);

export const errorMessage = (id: unknown, code: number, message: string): Fields => ({
  jsonrpc: "2.0",
  ...(isId(id) && { id }),
  error: { code, message },
});

/**
 * The headers that say what the body says.
 * @param agreed the version that `initialize` has agreed on; null: none
 */
export function mirrorsOf(message: Fields, agreed: string | null): Record<string, string> {
  const params = isFields(message.params) ? message.params : {};
  const meta = isFields(params._meta) ? params._meta : {};
  const version = meta[VERSION];
  if (typeof version !== "string")
    return agreed === null || message.method === "initialize"
      ? {}
      : { "mcp-protocol-version": agreed };
  return {
    ...headerOf("mcp-protocol-version", version),
    ...headerOf("mcp-method", message.method),
    ...(typeof params.name === "string" && { "mcp-name": encoded(params.name) }),
  };
}

const headerOf = (name: string, value: unknown): Record<string, string> =>
  typeof value === "string" && PLAIN.test(value) ? { [name]: value } : {};

const encoded = (value: string): string =>
  PLAIN.test(value) && !ENCODED.test(value)
    ? value
    : `=?base64?${Buffer.from(value).toString("base64")}?=`;
