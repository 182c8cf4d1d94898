import type { Attachment } from "./wire-files.ts";

/** A folder for conversations. Models are told its instructions, and given its files, in each of them. */
export type Project = {
  readonly id: string;
  readonly name: string;
  /** Empty: none. */
  readonly instructions: string;
  readonly files: readonly Attachment[];
  readonly created_at: string;
  readonly updated_at: string;
};

export type ProjectInput = {
  readonly name: string;
  /** At most 4,000 characters. */
  readonly instructions?: string | undefined;
  /** The ids of all files that it is to have, at most 20. */
  readonly file_ids?: readonly string[] | undefined;
};

/** Only fields that are present are changed. */
export type ProjectPatch = Partial<ProjectInput>;
