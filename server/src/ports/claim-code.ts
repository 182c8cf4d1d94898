/** A secret that the server showed on its terminal: who sends it has the machine. */
export type ClaimCode = {
  /** Takes as long whatever is sent. Blanks, hyphens and upper or lower case do not count. */
  matches(text: string): boolean;
};
