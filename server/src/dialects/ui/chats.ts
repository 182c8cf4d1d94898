import type { Conversations } from "../../core/conversations.ts";
import type { Conversation } from "../../domain/conversation.ts";
import { AppError } from "../../domain/errors.ts";
import type { Owner } from "../../domain/principal.ts";
import { checkName } from "../../domain/text.ts";
import { isUuid } from "../../http/uuid.ts";
import { uuidIn } from "../openai/ids.ts";

/** The conversation that a page calls so: by its id, with or without `conv_`, or by a name of the page's own. Null: there is none. */
export async function findChat(
  conversations: Conversations,
  owner: Owner,
  name: string,
): Promise<Conversation | null> {
  checkName(name, "id");
  const id = isUuid(name) ? name : uuidIn("conv_", name);
  if (id !== null)
    try {
      return await conversations.get(owner, id);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "not_found") throw error;
    }
  return conversations.findByAlias(owner, name);
}
