import type { ApiKey } from "../domain/key.ts";
import type { OwnedIdempotency } from "./turn-requests.ts";

/** Keys belong to an installation, not to an owner. Making and revoking them is in the audit log. */
export interface KeyStore {
  /** Stores the key and, with the first one ever, that the installation is claimed. */
  createKey(key: ApiKey, actor?: string, idempotency?: OwnedIdempotency | null): Promise<void>;
  /** Oldest first, revoked ones included. */
  listKeys(): Promise<ApiKey[]>;
  findKeyByHash(hash: string): Promise<ApiKey | null>;
  /** False if there is no such key; a key that is revoked already stays as it is. */
  revokeKey(keyId: string, at: Date, actor?: string): Promise<boolean>;
  /** The number is read several times a second. */
  countRevokedKeys(): Promise<number>;
  /** Notes that somebody from elsewhere may have a credential that is neither a key nor an invitation. */
  noteClaimed(at: Date): Promise<void>;
  /** True from the first key, the first invitation or `noteClaimed` on, for ever, also when none of them is good any more. */
  isClaimed(): Promise<boolean>;
}
