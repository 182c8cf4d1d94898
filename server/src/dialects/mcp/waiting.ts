// What a reply waits for, in words: a program may read it, and never decides.
import type { Static } from "typebox";
import type { ToolQuestion } from "../../domain/tool-question.ts";
import { Type } from "../../http/schema.ts";
import { Time } from "./tool.ts";

/** Of the arguments of a call; whoever decides is shown all of them elsewhere. */
const MAX_ARGUMENTS_CHARACTERS = 4_000;

export const WaitingShape = Type.Object({
  question: Type.String({ description: "What is to be decided, in words." }),
  source: Type.String(),
  tool: Type.String(),
  arguments: Type.String({ description: "As the model wrote them, cut where they are long." }),
  expires_at: Time,
});

export const HOW_TO_DECIDE =
  "Only the user decides, or signs in to a tool's source: in the web app of this server (/app/questions), or through the wire chat-v1 (POST /v1/chat/messages/{reply_id}/calls/{call_id}/decision). The reply then goes on by itself. To get its answer, call continue_conversation again with the same arguments and the same idempotency_key, or read_conversation.";

export const shownQuestion = ({
  kind,
  source,
  tool,
  arguments: given,
  expiresAt,
}: ToolQuestion): Static<typeof WaitingShape> => {
  const shown =
    given.length > MAX_ARGUMENTS_CHARACTERS
      ? `${given.slice(0, MAX_ARGUMENTS_CHARACTERS).toWellFormed()}…`
      : given;
  return {
    question: `The model wants to use the tool '${tool}' of '${source}' with the arguments ${shown || "{}"}. ${
      kind === "sign_in"
        ? `The user has to sign in to '${source}' first, on the page /app/sources of this server.`
        : "Nobody has allowed that yet."
    }`,
    source,
    tool,
    arguments: shown,
    expires_at: expiresAt.toISOString(),
  };
};
