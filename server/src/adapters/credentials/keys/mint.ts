import { randomBytes } from "node:crypto";
import { KEY_PREFIX, SECRET_PREFIX } from "../../../domain/access.ts";
import type { MintKey } from "../../../ports/key-mint.ts";
import type { MintSecret } from "../../../ports/secret-store.ts";
import type { MintShareToken } from "../../../ports/share-store.ts";
import type { TicketMint } from "../../../ports/tickets.ts";
import { hashOfKey } from "./credentials.ts";

const KEY_BYTES = 32;

export const mintKey: MintKey = () => mint(KEY_PREFIX);

const mintShareToken: MintShareToken = () => randomBytes(KEY_BYTES).toString("base64url");

const mintSecret: MintSecret = () => randomBytes(KEY_BYTES).toString("base64url");

/** Tickets are as hard to guess as keys, and stored as these are. */
const ticketMint: TicketMint = {
  mint: () => mint("ct_"),
  mintSecret: () => mint(SECRET_PREFIX),
  hashOf: hashOfKey,
};

function mint(prefix: string) {
  const secret = `${prefix}${randomBytes(KEY_BYTES).toString("base64url")}`;
  return { secret, hash: hashOfKey(secret) };
}

/** All that a server mints. */
export const mints = { mintKey, ticketMint, mintShareToken, mintSecret };
