import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from "node:crypto";
import { AppError } from "../../../domain/errors.ts";
import type { SecretBox, SecretPlace } from "../../../ports/secret-box.ts";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NAME_CHARACTERS = 8;
/** The form of a sealed text: this mark, the name of the key, and the bytes in base64url. */
const MARK = "c1";

type Key = { readonly name: string; readonly bytes: Buffer };

/**
 * @param secrets the first encrypts; each of them opens what it has encrypted
 */
export function aesGcmBox(secrets: readonly string[]): SecretBox {
  const keys = secrets.map(keyOf);
  return {
    seal(place, text) {
      const [key] = keys;
      if (!key) throw new Error("A box needs a key");
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key.bytes, nonce).setAAD(boundTo(place));
      const bytes = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final()]);
      const sealed = Buffer.concat([bytes, cipher.getAuthTag()]).toString("base64url");
      return `${MARK}.${key.name}.${sealed}`;
    },
    open(place, sealed) {
      const [mark, name, text = ""] = sealed.split(".");
      const key = mark === MARK ? keys.find((one) => one.name === name) : undefined;
      if (!key) throw otherKey();
      const opened = openedBy(key, place, Buffer.from(text, "base64url"));
      if (opened === null) throw changed();
      return opened;
    },
  };
}

function keyOf(secret: string): Key {
  const bytes = Buffer.from(hkdfSync("sha256", secret, "", "colloquy secrets", KEY_BYTES));
  return { name: hash("sha256", bytes).slice(0, NAME_CHARACTERS), bytes };
}

const boundTo = ({ owner: { tenantId, userId }, purpose }: SecretPlace): Buffer =>
  Buffer.from(JSON.stringify([purpose, tenantId, userId]));

/** Null: it was changed, or encrypted for another place. */
function openedBy({ bytes: key }: Key, place: SecretPlace, bytes: Buffer): string | null {
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const end = bytes.length - TAG_BYTES;
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(boundTo(place))
    .setAuthTag(bytes.subarray(end));
  try {
    const text = decipher.update(bytes.subarray(NONCE_BYTES, end), undefined, "utf8");
    return text + decipher.final("utf8");
  } catch {
    return null;
  }
}

const otherKey = (): AppError =>
  new AppError(
    "unavailable",
    "The data of this sign-in was encrypted with another key. Sign out and in again, or have the operator restore the key (SECRETS_KEY, or the file secrets.key in DATA_DIR)",
  );

const changed = (): AppError =>
  new AppError(
    "unavailable",
    "The stored data of this sign-in has been changed and cannot be decrypted. Sign out and in again",
  );
