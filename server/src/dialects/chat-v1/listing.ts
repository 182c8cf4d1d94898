// Where a conversation is listed: among the pinned ones, the archived ones, or the others.
import { Type } from "../../http/schema.ts";

/** In a conversation. */
export const archivedInConversation = {
  is_archived: Type.Optional(
    Type.Literal(true, {
      description:
        "It is in the list only where archived ones are asked for. Absent: it is not archived.",
    }),
  ),
};

/** In a change of a conversation. */
export const listingInChange = {
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
};
