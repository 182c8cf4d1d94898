/** A new API key: the key itself, which is shown once, and the fields that are stored. */
export type MintedKey = {
  readonly secret: string;
  /** SHA-256 of the secret, lower-case hex. */
  readonly hash: string;
};

/** Makes a key that nobody can guess (256 random bits). */
export type MintKey = () => MintedKey;
