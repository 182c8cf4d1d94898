import { randomBytes } from "node:crypto";
import { KEY_PREFIX, SECRET_PREFIX } from "../../../domain/access.ts";
import type { MintKey } from "../../../ports/key-mint.ts";
import type { TicketMint } from "../../../ports/tickets.ts";
import { hashOfKey } from "./credentials.ts";

const KEY_BYTES = 32;

export const mintKey: MintKey = () => mint(KEY_PREFIX);

/** Tickets are as hard to guess as keys, and stored as these are. */
export const ticketMint: TicketMint = {
  mint: () => mint("ct_"),
  mintSecret: () => mint(SECRET_PREFIX),
  hashOf: hashOfKey,
};

function mint(prefix: string) {
  const secret = `${prefix}${randomBytes(KEY_BYTES).toString("base64url")}`;
  return { secret, hash: hashOfKey(secret) };
}
