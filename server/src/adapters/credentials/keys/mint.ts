import { randomBytes } from "node:crypto";
import { KEY_PREFIX } from "../../../domain/access.ts";
import type { MintKey } from "../../../ports/key-mint.ts";
import { hashOfKey } from "./credentials.ts";

const KEY_BYTES = 32;

export const mintKey: MintKey = () => {
  const secret = `${KEY_PREFIX}${randomBytes(KEY_BYTES).toString("base64url")}`;
  return { secret, hash: hashOfKey(secret) };
};
