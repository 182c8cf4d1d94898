import { aesGcmBox } from "../adapters/secrets/aes-gcm/box.ts";
import { keyInFile } from "../adapters/secrets/aes-gcm/key-file.ts";
import type { SecretBox } from "../ports/secret-box.ts";

export type SecretsConfig = {
  /** The first encrypts; empty: the key is in the data directory. */
  readonly secretsKeys: readonly string[];
  readonly dataDirectory: string;
};

/** What encrypts the secrets of people. @throws AppError unavailable where the file of the key cannot be used */
export async function openSecretBox({
  secretsKeys,
  dataDirectory,
}: SecretsConfig): Promise<SecretBox> {
  return aesGcmBox(secretsKeys.length > 0 ? secretsKeys : [await keyInFile(dataDirectory)]);
}
