import { ProtocolError, RPC } from "./errors.ts";

/** In which forms a client takes an answer. */
export type Accepted = { readonly json: boolean; readonly stream: boolean };

const JSON_TYPES = new Set(["application/json", "application/*", "*/*"]);

/** A client that says nothing gets JSON, and a stream is for those alone that name it. @throws ProtocolError */
export function acceptedBy(header: string | undefined): Accepted {
  if (header === undefined || header.trim() === "") return { json: true, stream: false };
  const types = header
    .toLowerCase()
    .split(",")
    .map((range) => range.split(";", 1)[0]?.trim() ?? "");
  const json = types.some((type) => JSON_TYPES.has(type));
  const stream = types.includes("text/event-stream");
  if (json || stream) return { json, stream };
  throw new ProtocolError(
    406,
    RPC.invalidRequest,
    "Accept must name application/json and text/event-stream, since answers are either",
  );
}
