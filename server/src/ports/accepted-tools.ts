/** The tools of sources as an operator has accepted them. */
export interface AcceptedToolStore {
  /** As it was put; null: nothing was. @param source its label */
  getAcceptedTools(source: string): Promise<string | null>;
  /** @param before what is there; null: nothing. @returns false if something else is there, which stays */
  putAcceptedTools(source: string, before: string | null, text: string): Promise<boolean>;
}
