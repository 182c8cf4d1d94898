// The versions of questions and answers: how they are asked for, and how they are shown.
import type { Static } from "typebox";
import type { TurnPlace } from "../../core/turns/turn.ts";
import { MAX_BRANCHES } from "../../domain/branches.ts";
import { AppError } from "../../domain/errors.ts";
import { Type } from "../../http/schema.ts";

const Branch = Type.Integer({ minimum: 0, maximum: MAX_BRANCHES });
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

/** In the body of a message: where it is said. At most one of them. */
export const placeInBody = {
  answer_again: Type.Optional(
    orNull(
      Type.String({
        description:
          "In place of `content`: the id of a question, which gets a new version of its answer. Nothing is deleted.",
      }),
    ),
  ),
  branch_from: Type.Optional(
    orNull(
      Type.String({
        description:
          "The id of a question: `content` is a new version of it, with an answer of its own. Nothing is deleted.",
      }),
    ),
  ),
  parent: Type.Optional(
    orNull(
      Type.String({
        description:
          "The id of the message that this one follows: it begins a branch where something else follows that message already.",
      }),
    ),
  ),
  branch: Type.Optional(
    orNull(
      Type.Integer({
        minimum: 0,
        maximum: MAX_BRANCHES,
        description:
          "The branch at whose end this is said; without it that is the active one. The branch becomes the active one.",
      }),
    ),
  ),
  replace_from: Type.Optional(
    orNull(
      Type.String({
        description:
          "A message of this conversation that this one takes the place of: it is deleted, with all after it on every branch, as this one is stored.",
      }),
    ),
  ),
};

/** In the address of what is read or stopped. */
export const branchInQuery = {
  branch: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MAX_BRANCHES,
      description: "The branch whose path is meant; without it that is the active one's.",
    }),
  ),
};

export const versionsInQuery = {
  versions: Type.Optional(
    Type.Enum(["0", "1"], { description: "With `1` messages say which versions they have." }),
  ),
};

/** In a message. */
export const branchInMessage = {
  branch: Type.Optional(
    Type.Integer({ description: "The branch that it was said on; absent: on branch 0." }),
  ),
  versions: Type.Optional(
    Type.Object(
      {
        index: Type.Integer({ description: "The place of this message in the lists, from 0." }),
        ids: Type.Array(Type.String(), { description: "The ids of all versions, oldest first." }),
        branches: Type.Array(Type.Integer(), {
          description: "For each version the newest branch whose path has it.",
        }),
      },
      {
        description:
          "What was said in the place of this message, where that are several, and `versions=1` asked for it.",
      },
    ),
  ),
};

/** In a conversation. */
export const branchInConversation = {
  active_branch: Type.Optional(
    Type.Integer({
      description:
        "The branch whose path is shown and continued where a request names none; absent: there is only one.",
    }),
  ),
};

export const branchInChange = { active_branch: Type.Optional(Branch) };

const PlaceBody = Type.Object({
  ...placeInBody,
  role: Type.Optional(Type.Enum(["user", "assistant", "system"])),
  content: Type.Optional(Type.String()),
  attachments: Type.Optional(Type.Array(Type.String())),
});
type PlaceBody = Static<typeof PlaceBody>;

const PLACES = ["answer_again", "branch_from", "parent", "branch", "replace_from"] as const;

/**
 * What of these a request names, and its text.
 * @throws AppError invalid_request where it names several, or what does not go together
 */
export function checkPlace(body: PlaceBody): string {
  const { role = "user", content } = body;
  const [first, second] = PLACES.filter((name) => body[name] != null);
  if (first && second) throw refused(`Only one of ${first} and ${second} can be given`, second);
  if (first && first !== "branch" && role !== "user")
    throw refused(
      first === "replace_from"
        ? "Only a message of role user can replace others"
        : `Only a message of role user can be sent with ${first}`,
      first,
    );
  if (first === "answer_again") {
    if (body.attachments?.length)
      throw refused(
        "answer_again asks for another answer to a question that is there: leave attachments out",
        "attachments",
      );
    if (content === undefined) return "";
    throw refused(
      "answer_again asks for another answer to a question that is there: leave content out, or send branch_from to change the question",
      "content",
    );
  }
  if (content === undefined) throw refused("content field is required", "content");
  return content;
}

const refused = (message: string, field: string): AppError =>
  new AppError("invalid_request", message, { field });

/** Where in the conversation the turn of that request begins; null: where it went on last. */
export function placeOf({
  answer_again,
  branch_from,
  parent,
  branch,
}: PlaceBody): TurnPlace | null {
  if (answer_again != null) return { kind: "answer", questionId: answer_again };
  if (branch_from != null) return { kind: "version", questionId: branch_from };
  if (parent != null) return { kind: "after", messageId: parent };
  return branch == null ? null : { kind: "branch", branch };
}
