/** The objects of wire 004 that concern keys, with the names of the wire. */

/** A key in a list, which never has the key itself. */
export type Key = {
  readonly id: string;
  /** The first characters of the key. */
  readonly prefix: string;
  readonly name: string;
  /** The user of the key. */
  readonly user_id: string;
  readonly tenant_id: string;
  /** The key may act as any user of its tenant. */
  readonly act_as: boolean;
  readonly is_operator: boolean;
  /** The models that the key may use, with `*` for any characters; null means every model of the server. */
  readonly models: readonly string[] | null;
  readonly created_at: string;
  readonly revoked_at: string | null;
};

/** A new key. `key` is the key itself, which is only shown in this response. */
export type CreatedKey = Key & { readonly key: string };

export type KeyInput = {
  readonly name?: string | undefined;
  /** The default is the user of requests that name nobody. */
  readonly user_id?: string | undefined;
  readonly tenant_id?: string | undefined;
  readonly act_as?: boolean | undefined;
  /** The first key of a server always belongs to an operator. */
  readonly is_operator?: boolean | undefined;
  /** The models that the key may use, such as `openai/gpt-4o*`. The default is every model of the server. */
  readonly models?: readonly string[] | null | undefined;
  /** The code from the terminal of the server, which is required for the first key. */
  readonly claim_code?: string | undefined;
};
