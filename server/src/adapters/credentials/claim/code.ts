import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import type { ClaimCode } from "../../../ports/claim-code.ts";

/** 32 letters and digits that nobody takes for one another: five bits each. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";
const CHARACTERS = 30;
const GROUP_CHARACTERS = 5;

/** A new code of 150 random bits in the form in which it is shown: six groups, `k7m2p-…`. */
export function newClaimCode(): ClaimCode & { readonly text: string } {
  const characters = Array.from(randomBytes(CHARACTERS), (byte) => ALPHABET[byte % 32]).join("");
  const expected = digestOf(characters);
  return {
    text: characters.replace(new RegExp(`.{${GROUP_CHARACTERS}}(?=.)`, "g"), "$&-"),
    matches: (text) => timingSafeEqual(digestOf(plainOf(text)), expected),
  };
}

const plainOf = (text: string): string => text.replace(/[\s-]/g, "").toLowerCase();
const digestOf = (text: string): Buffer => hash("sha256", text, "buffer");
