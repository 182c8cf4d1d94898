// Where a conversation is listed: among the pinned ones, the archived ones, those of a project, or the others.
import { Type } from "../../http/schema.ts";
import { temporaryInBody } from "./temporary.ts";

/** In the query of a list, in the place of a project's id. */
const NO_PROJECT = "none";

/** In a conversation. */
export const listingInConversation = {
  project_id: Type.Optional(
    Type.String({ description: "The project that it is in. Absent: it is in none." }),
  ),
  is_archived: Type.Optional(
    Type.Literal(true, {
      description:
        "It is in the list only where archived ones are asked for. Absent: it is not archived.",
    }),
  ),
};

const projectInBody = {
  project_id: Type.Optional(
    Type.Union([
      Type.String({ minLength: 1, description: "The project to put it into; null: into none." }),
      Type.Null(),
    ]),
  ),
};

/** In the body that begins a conversation. */
export const beginningInBody = { ...temporaryInBody, ...projectInBody };

/** In a change of a conversation. */
export const listingInChange = {
  ...projectInBody,
  is_pinned: Type.Optional(Type.Boolean()),
  is_archived: Type.Optional(
    Type.Boolean({ description: "A new message brings an archived conversation back, too." }),
  ),
};

/** In the query of a list. */
export const listingInQuery = {
  is_pinned: Type.Optional(Type.Boolean({ description: "Only those that are pinned, or not." })),
  archived: Type.Optional(
    Type.Enum(["0", "1"], {
      description:
        "`1`: those that are archived; `0`, and where nothing is said: those that are not.",
    }),
  ),
  project_id: Type.Optional(
    Type.String({
      minLength: 1,
      description: `Only those of that project; \`${NO_PROJECT}\`: only those that are in none.`,
    }),
  ),
};

/** What the query of a list says of projects: null: those in none; undefined: wherever they are. */
export const projectOfQuery = (projectId: string | undefined): string | null | undefined =>
  projectId === NO_PROJECT ? null : projectId;
