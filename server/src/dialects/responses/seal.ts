// What a client gives back as it got it: thoughts and summaries, which it can neither read nor change.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from "node:crypto";
import type { InstallationSecret } from "../../core/access/installation-secret.ts";
import type { Owner } from "../../domain/principal.ts";
import { checkStorable } from "../../domain/text.ts";
import { invalid } from "../openai/fields.ts";

/** What a sealed text is: one is not taken for the other. */
export type SealedKind = "compaction" | "reasoning";

/** Seals texts for one user, and opens what was sealed for that user. */
export type Sealer = {
  /** The text as `encrypted_content`. The same text of the same kind is sealed to the same characters. */
  seal(kind: SealedKind, text: string): string;
  /** @param field where the sealed text stands @throws AppError invalid_request for anything but what was sealed for this user */
  open(kind: SealedKind, sealed: string, field: string): string;
};

const MARK = "colloquy2.";
/** Of an earlier version, whose texts anybody could have written. */
const EARLIER_MARK = "colloquy1.";
const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** So much is opened without anybody else waiting for it. */
const MAX_SEALED_CHARACTERS = 8 * 1024 * 1024;

/** Whether this server, or another of its installation, says that it has sealed the text. */
export const isSealedHere = (sealed: string): boolean => sealed.startsWith(MARK);

/** @throws AppError unavailable */
export async function sealerOf(
  { sealingSecret }: { readonly sealingSecret: InstallationSecret },
  { tenantId, userId }: Owner,
): Promise<Sealer> {
  const owner = JSON.stringify([tenantId, userId]);
  const keys = Buffer.from(hkdfSync("sha256", await sealingSecret(), "", owner, 2 * KEY_BYTES));
  const [key, nonceKey] = [keys.subarray(0, KEY_BYTES), keys.subarray(KEY_BYTES)];
  return {
    seal(kind, text) {
      // Derived from the text, so that a replay says what the first showing said, and no nonce serves two texts.
      const nonce = createHmac("sha256", nonceKey)
        .update(`${kind}\n${text}`)
        .digest()
        .subarray(0, NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(kind));
      const sealed = [nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
      return MARK + Buffer.concat(sealed).toString("base64url");
    },
    open(kind, sealed, field) {
      if (!isSealedHere(sealed)) throw notSealedHere(sealed, field);
      if (sealed.length > MAX_SEALED_CHARACTERS)
        throw invalid(
          field,
          `${field} is longer than anything that this server seals. Leave the item out`,
        );
      const bytes = Buffer.from(sealed.slice(MARK.length), "base64url");
      const text = opened(key, kind, bytes);
      if (text === null)
        throw invalid(
          field,
          `${field} was changed, or was sealed for another user or by another installation. Send it as it was given, or leave the item out`,
        );
      checkStorable(text, field);
      return text;
    },
  };
}

/** What gives reasoning its `encrypted_content`; null: it has none. */
export async function reasoningSeal(
  parts: { readonly sealingSecret: InstallationSecret },
  owner: Owner,
  { sealsReasoning }: { readonly sealsReasoning: boolean },
): Promise<((text: string) => string) | null> {
  if (!sealsReasoning) return null;
  const { seal } = await sealerOf(parts, owner);
  return (text) => seal("reasoning", text);
}

/** Null for what was not sealed with that key, or was changed since. */
function opened(key: Buffer, kind: SealedKind, bytes: Buffer): string | null {
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const end = bytes.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(Buffer.from(kind))
    .setAuthTag(bytes.subarray(end));
  try {
    const text = decipher.update(bytes.subarray(NONCE_BYTES, end), undefined, "utf8");
    return text + decipher.final("utf8");
  } catch {
    return null;
  }
}

const notSealedHere = (sealed: string, field: string) =>
  invalid(
    field,
    sealed.startsWith(EARLIER_MARK)
      ? `${field} was made by an earlier version of this server, which sealed nothing. Leave the item out, or compact the input again`
      : `${field} was not made by this server, which cannot read it. Leave the item out`,
  );
