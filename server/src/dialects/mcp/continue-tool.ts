import { createHash } from "node:crypto";
import type { Static } from "typebox";
import type { StartTurn, Turn } from "../../core/turns/turn.ts";
import { AppError } from "../../domain/errors.ts";
import { partsOf } from "../../domain/message.ts";
import type { Principal } from "../../domain/principal.ts";
import { checkMessageText, checkStorable } from "../../domain/text.ts";
import { errorOfEnding, type TurnEnding } from "../../domain/turn.ts";
import { Type } from "../../http/schema.ts";
import { checkBySchema } from "../../http/validation.ts";
import { type McpParts, ORIGIN } from "./parts.ts";
import { conversationOf, type McpTool, Nullable, type ToolCall, type ToolResult } from "./tool.ts";
import { HOW_TO_DECIDE, shownQuestion, WaitingShape } from "./waiting.ts";
import { repliesThatWait } from "./within.ts";

/** Of an answer; the whole of a longer one is read by read_conversation. */
const MAX_ANSWER_CHARACTERS = 24_000;
const MAX_KEY_CHARACTERS = 255;
const PROGRESS_MS = 1_000;
/** Under which another server of this kind gives the key of its call. */
const KEY_OF_CALL = "colloquy/key";

const Given = Type.Object(
  {
    conversation_id: Type.Optional(
      Type.String({ maxLength: 64, description: "Absent: the message begins a conversation." }),
    ),
    message: Type.String({ description: "What is said, at most 100,000 characters." }),
    idempotency_key: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: MAX_KEY_CHARACTERS,
        description:
          "A new one for each message. The same call with the same key within 24 hours says nothing a second time, and gives the answer of the first one.",
      }),
    ),
  },
  { additionalProperties: false, required: ["message"] },
);

const Result = Type.Object({
  conversation_id: Type.String(),
  message_id: Type.String(),
  reply_id: Type.String(),
  status: Type.Enum(["complete", "waiting", "interrupted", "failed"]),
  text: Type.String({ description: "The answer, or as much of it as there is." }),
  is_cut: Type.Boolean({ description: "The answer is longer; read_conversation has all of it." }),
  finish_reason: Nullable(Type.String()),
  problem: Nullable(Type.String({ description: "Why the answer is not whole." })),
  sources: Type.Array(Type.Object({ title: Type.String(), url: Type.String() })),
  waiting_for: Type.Array(WaitingShape),
  how_to_decide: Nullable(Type.String()),
});

const STATUSES = {
  completed: "complete",
  waiting: "waiting",
  interrupted: "interrupted",
  failed: "failed",
} as const satisfies Record<TurnEnding["type"], string>;

export function continueTool(parts: McpParts): McpTool {
  return {
    definition: {
      name: "continue_conversation",
      title: "Continue a conversation",
      description:
        "Says something in a conversation of the user's, or begins one, and gives the model's answer. The message is stored before the model is asked, and the reply goes on where nobody waits for it any more: read_conversation has it then. Where the reply waits for a decision of the user's, the result says so (status: waiting).",
      inputSchema: Given,
      outputSchema: Result,
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: true,
      },
    },
    isLong: true,
    check: checkBySchema(Given, "arguments"),
    async run(call: ToolCall<Static<typeof Given>>) {
      const { principal, given, tell, gone } = call;
      checkMessageText(given.message, "message");
      const target = await targetOf(parts, principal, given.conversation_id);
      const within = await repliesThatWait(parts, call, target);
      const turn = await parts.turns.start(principal, {
        target,
        content: given.message,
        model: null,
        temperature: null,
        usesServerTools: true,
        canAsk: true,
        // A program's model has written it, and may have read what strangers wrote before.
        isUntrusted: true,
        ...(within.length > 0 && { within }),
        origin: ORIGIN,
        idempotency: idempotencyOf(call),
      });
      const ending = await endingOf(parts, turn, tell, gone);
      return ending && resultOf(turn, ending);
    },
  };
}

async function targetOf(
  parts: McpParts,
  principal: Principal,
  conversationId: string | undefined,
): Promise<StartTurn["target"]> {
  if (conversationId === undefined)
    return { kind: "new", conversation: parts.conversations.draft(ORIGIN) };
  const { id } = await conversationOf(parts, principal, conversationId);
  return { kind: "existing", conversationId: id };
}

/** The key of the arguments, or else of the request, or else of another server's call. @throws AppError invalid_request */
function idempotencyOf({
  given: { idempotency_key: asked, conversation_id: conversationId, message },
  key: ofRequest,
  meta,
}: ToolCall<Static<typeof Given>>): StartTurn["idempotency"] {
  const key = asked ?? ofRequest ?? meta[KEY_OF_CALL];
  if (key === undefined) return null;
  if (typeof key !== "string" || key === "" || key.length > MAX_KEY_CHARACTERS)
    throw new AppError(
      "invalid_request",
      `A key (idempotency_key, Idempotency-Key, or _meta["${KEY_OF_CALL}"]) must be a text of 1 to ${MAX_KEY_CHARACTERS} characters`,
    );
  checkStorable(key, "idempotency_key");
  const what = JSON.stringify([ORIGIN, conversationId ?? null, message]);
  return { key, fingerprint: createHash("sha256").update(what).digest("hex") };
}

/** How the reply ended; null: nobody waits for it any more, and it goes on. */
async function endingOf(
  { now }: Pick<McpParts, "now">,
  turn: Turn,
  tell: ToolCall<unknown>["tell"],
  gone: AbortSignal,
): Promise<TurnEnding | null> {
  const left = Promise.withResolvers<null>();
  const leave = () => left.resolve(null);
  gone.addEventListener("abort", leave, { once: true });
  let toldAt = now().getTime();
  tell(0, `The message is stored in the conversation ${turn.conversation.id}`);
  const stop = turn.watch(0, {
    take(events) {
      const at = now().getTime();
      const last = events.at(-1);
      if (last?.type !== "delta" || at - toldAt < PROGRESS_MS) return undefined;
      toldAt = at;
      tell(last.position, `The answer has ${last.position} characters so far`);
      return undefined;
    },
    end() {},
  });
  try {
    return gone.aborted ? null : await Promise.race([turn.ending, left.promise]);
  } finally {
    stop();
    gone.removeEventListener("abort", leave);
  }
}

function resultOf(turn: Turn, ending: TurnEnding): ToolResult {
  const { reply } = ending;
  const problem = ending.type === "waiting" ? null : errorOfEnding(ending);
  const isCut = reply.content.length > MAX_ANSWER_CHARACTERS;
  const questions = ending.type === "waiting" ? ending.questions : [];
  const result: Static<typeof Result> = {
    conversation_id: turn.conversation.id,
    message_id: turn.userMessage.id,
    reply_id: reply.id,
    status: STATUSES[ending.type],
    text: isCut ? reply.content.slice(0, MAX_ANSWER_CHARACTERS).toWellFormed() : reply.content,
    is_cut: isCut,
    finish_reason: reply.finishReason,
    problem: problem?.message ?? null,
    sources: partsOf(reply).flatMap((part) =>
      part.type === "citation" && part.url ? [{ title: part.title ?? "", url: part.url }] : [],
    ),
    waiting_for: questions.map(shownQuestion),
    how_to_decide: questions.length > 0 ? HOW_TO_DECIDE : null,
  };
  return { result, ...(problem && { isError: true as const }) };
}
