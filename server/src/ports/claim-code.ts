/** A secret that the server showed on its terminal. A caller who knows it has access to the machine. */
export type ClaimCode = {
  /** Compares in constant time. Blanks, hyphens and upper or lower case do not count. */
  matches(text: string): boolean;
};
