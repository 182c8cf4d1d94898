import type { ModelPatterns } from "./model-patterns.ts";

/** An API key as it is stored: never the key itself, only its SHA-256. */
export type ApiKey = {
  readonly id: string;
  /** The first characters of the key, so that a person can tell keys apart. */
  readonly prefix: string;
  /** SHA-256 of the whole key, lower-case hex. */
  readonly hash: string;
  readonly name: string;
  readonly tenantId: string;
  readonly userId: string;
  /** May claim any user of its tenant: the key of an application's backend. */
  readonly actAs: boolean;
  /** May manage keys and read the installation's figures. */
  readonly isOperator: boolean;
  /** The models that it may use; null: every model of the server. */
  readonly models: ModelPatterns | null;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
};
