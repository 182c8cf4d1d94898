import { branchOf } from "../../domain/branches.ts";
import { type Interruption, partsOf, withoutText } from "../../domain/message.ts";
import type { ModelPatterns } from "../../domain/model-patterns.ts";
import type { Owner, Speaker } from "../../domain/principal.ts";
import type { AbandonedReply } from "../../ports/store.ts";
import { FREE } from "../access/budgets.ts";
import { type AskedState, fromStored, mayGoOn } from "../tools/step-state.ts";
import { type Tools, withChosen, withClientTools } from "../tools/tools.ts";
import { takePlace } from "./queue-place.ts";
import { generate } from "./reply.ts";
import type { StartParts } from "./start-parts.ts";
import { stepsOf } from "./steps-of-reply.ts";
import { createStop } from "./stop.ts";

const RETRY_MS = 1_000;
/** After that the reply is left to the next server that starts, or that finds this one gone. */
const MAX_TRIES = 60;

/**
 * Goes on with a reply of several steps that this server has taken over: it makes the calls that have not been made, and
 * asks the model again. Where that is not safe (core/tools/step-state.ts), the reply ends as interrupted. Resolves when the
 * reply is under way; never rejects.
 * @param cause why the reply is ended in any case; null: it is continued
 */
export async function takeOver(
  parts: StartParts,
  { owner, replyId }: Pick<AbandonedReply, "owner" | "replyId">,
  cause: Interruption | null = null,
): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries++)
    try {
      return await goOn(parts, owner, replyId, cause);
    } catch {
      await parts.clock.sleep(RETRY_MS);
    }
}

/** @throws AppError unavailable */
async function goOn(
  parts: StartParts,
  owner: Owner,
  replyId: string,
  cause: Interruption | null,
): Promise<void> {
  const { store, local } = parts;
  const noted = await store.replySteps(owner, replyId);
  const turn = await store.getTurn(owner, replyId);
  // Once its question has been deleted, the reply no longer belongs to a turn.
  const reply = turn?.reply ?? (await store.getMessage(owner, replyId));
  if (!noted || reply?.status !== "streaming") return;
  const begun = fromStored(noted.state);
  const { asked } = begun;
  const { conversationId } = reply;
  const stop = createStop();
  if (cause) stop.now(cause);
  if (!turn || !mayGoOn(begun)) stop.now("crash");
  const branch = branchOf(reply.sequence);
  const place = takePlace(parts, { replyId, conversationId, branch }, stop.now);
  for (const part of partsOf(reply)) place.writer.add(part);
  // A stored question that is answered again is no input, and not in the history before it.
  const isAnsweredAgain = turn?.input.length === 0 && turn.userMessage.sequence === asked.before;
  const input = isAnsweredAgain ? [turn.userMessage] : (turn?.input ?? []);
  const ending = generate(parts, {
    owner,
    reply: withoutText(reply),
    earlier: null,
    place,
    observation: parts.observer.begin({
      replyId,
      conversationId,
      origin: asked.origin,
      model: reply.model ?? "",
    }),
    stop,
    reservation: FREE,
    leavesNoFailure: false,
    beganConversation: false,
    request() {
      throw new Error("A reply that was taken over has had its first step");
    },
    steps: stepsOf(parts, toolsOf(parts.tools, asked), {
      speaker: speakerWith(owner, asked.models),
      stop,
      conversationId,
      input: input.map(({ role, content, parts: all, attachments }) => ({
        ...{ role, content },
        ...(all && { parts: all }),
        ...(attachments && { attachments }),
      })),
      firstMessageId: input[0]?.id ?? replyId,
      epoch: noted.epoch,
      begun,
      asked,
    }),
  });
  local.add(replyId, { conversationId, ending, interrupt: stop.now });
}

const toolsOf = (tools: Tools | null, { chosenTools, clientTools = [] }: AskedState): Tools =>
  withClientTools(withChosen(tools, chosenTools), clientTools);

const speakerWith = ({ tenantId, userId }: Owner, models: ModelPatterns | null): Speaker => ({
  tenantId,
  userId,
  models,
});
