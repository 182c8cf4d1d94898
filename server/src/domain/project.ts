import type { Attachment, FileListBound } from "./file.ts";

/** A folder for conversations, with what models are told in all of them. */
export type Project = {
  readonly id: string;
  readonly name: string;
  /** At most MAX_INSTRUCTIONS_CHARACTERS; empty: none. */
  readonly instructions: string;
  /** The files that models are given in each of its conversations; those that were deleted say so. */
  readonly attachments: readonly Attachment[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** The number of projects that a user may have. */
export const MAX_PROJECTS = 200;
export const MAX_FILES_A_PROJECT = 20;
export const FILES_OF_PROJECT: FileListBound = {
  holder: "A project",
  field: "file_ids",
  maxFiles: MAX_FILES_A_PROJECT,
};

/** The files of a project that are still there. */
export const filesOf = ({ attachments }: Pick<Project, "attachments">): Attachment[] =>
  attachments.filter(({ isDeleted }) => !isDeleted);

/** What a model is told of the project that a conversation is in; null: nothing. */
export const toldOfProject = ({
  name,
  instructions,
}: Pick<Project, "name" | "instructions">): string | null =>
  /\S/u.test(instructions)
    ? `This conversation belongs to the project ${JSON.stringify(name)}. Its instructions:\n${instructions}`
    : null;

/** What stands before the files of a project. */
export const beforeFilesOf = ({ name }: Pick<Project, "name">): string =>
  `These are the files of the project ${JSON.stringify(name)}, which this conversation belongs to.`;
