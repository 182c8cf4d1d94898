export interface SecretStore {
  /** The installation's secret of that name: the one that is stored, or else the given one, which then is stored. */
  keepSecret(name: string, fresh: string): Promise<string>;
}

/** A text that nobody can guess. */
export type MintSecret = () => string;
