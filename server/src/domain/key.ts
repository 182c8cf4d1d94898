import type { ModelPatterns } from "./model-patterns.ts";

/** An API key as it is stored: never the key itself, only its SHA-256. */
export type ApiKey = {
  readonly id: string;
  /** The first characters of the key, by which a person can distinguish keys. */
  readonly prefix: string;
  /** SHA-256 of the whole key, lower-case hex. */
  readonly hash: string;
  readonly name: string;
  readonly tenantId: string;
  readonly userId: string;
  /** The key belongs to the backend of an application and may act as any user of its tenant. */
  readonly actAs: boolean;
  /** The key may manage keys and read the figures of the installation. */
  readonly isOperator: boolean;
  /** The models that the key may use; null means every model of the server. */
  readonly models: ModelPatterns | null;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
};
