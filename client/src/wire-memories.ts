/** Something that models remember of the user, in one short sentence. */
export type Memory = {
  readonly id: string;
  readonly text: string;
  readonly created_at: string;
  readonly updated_at: string;
};

export type MemoryInput = {
  /** At most 400 characters. */
  readonly text: string;
};

/** Whether models may remember the user. */
export type MemorySwitch = {
  /** They may, and are told what is remembered. */
  readonly is_on: boolean;
  /** It can be switched on on this server. */
  readonly is_allowed: boolean;
};
