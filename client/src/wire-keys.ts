/** What travels on wire 004 about keys, in the wire's own names. */

/** A key as it is listed: never the key itself. */
export type Key = {
  readonly id: string;
  /** Its first characters. */
  readonly prefix: string;
  readonly name: string;
  /** Whom it speaks for. */
  readonly user_id: string;
  readonly tenant_id: string;
  /** May speak for every user of its tenant. */
  readonly act_as: boolean;
  readonly is_operator: boolean;
  /** The models that it may use, with `*` for any characters; null: every model of the server. */
  readonly models: readonly string[] | null;
  readonly created_at: string;
  readonly revoked_at: string | null;
};

/** `key` is the key itself, which is told this once. */
export type CreatedKey = Key & { readonly key: string };

export type KeyInput = {
  readonly name?: string | undefined;
  /** Default: the user who speaks when nobody is named. */
  readonly user_id?: string | undefined;
  readonly tenant_id?: string | undefined;
  readonly act_as?: boolean | undefined;
  /** The first key ever is an operator's, whatever this says. */
  readonly is_operator?: boolean | undefined;
  /** The models that it may use, as in `openai/gpt-4o*`. Default: every model of the server. */
  readonly models?: readonly string[] | null | undefined;
  /** For the first key: the code that the server showed on its terminal. */
  readonly claim_code?: string | undefined;
};
