// Temporary conversations: how they are asked for, and how they are shown.
import { Type } from "../../http/schema.ts";

/** In the body that begins a conversation. */
export const temporaryInBody = {
  is_temporary: Type.Optional(
    Type.Boolean({
      description: "In no list, search or export, and deleted when `expires_at` has come.",
    }),
  ),
};

/** In a conversation. */
export const temporaryInConversation = {
  expires_at: Type.Optional(
    Type.String({
      format: "date-time",
      description: "Of a temporary conversation: when it is deleted.",
    }),
  ),
};
