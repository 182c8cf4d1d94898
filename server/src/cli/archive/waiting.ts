import { createHash } from "node:crypto";
import { type Message, partsOf } from "../../domain/message.ts";
import type { WaitingReply } from "../../ports/archive.ts";
import { type Fields, NotUnderstood } from "./fields.ts";

type Question = WaitingReply["questions"][number];

/** A call that runs, or has run without a result, is no call of a reply that waits. */
const CALL_STATES = ["wanted", "waiting", "ended"] as const;

/**
 * What is asked about a reply. A server goes on with the reply by it, so nothing but what a server has written is taken: what
 * is allowed runs with the arguments of the question.
 * @throws NotUnderstood
 */
export function waitingOf(waits: Fields, message: Message): WaitingReply {
  const since = waits.time("since");
  const questions = waits.objects("questions").map(questionOf);
  if (questions.length === 0)
    throw new NotUnderstood("a reply that waits must have a question that is open");
  const said = partsOf(message);
  for (const { callId, arguments: given } of questions) {
    const call = said.find((part) => part.type === "tool_call" && part.callId === callId);
    if (call?.type !== "tool_call" || call.arguments !== given)
      throw new NotUnderstood("waits.questions must be about the calls in parts");
    if (said.some((part) => part.type === "tool_result" && part.callId === callId))
      throw new NotUnderstood("waits.questions must be about calls without a result");
  }
  const state = waits.jsonText("state");
  const waiting = checkState(state.fields);
  if (questions.some(({ callId }) => !waiting.has(callId)))
    throw new NotUnderstood("waits.state must say which calls wait");
  return { since, state: state.json, questions };
}

function questionOf(question: Fields): Question {
  const given = question.text("arguments");
  const argumentsSha256 = question.sha256("argumentsSha256");
  if (createHash("sha256").update(given).digest("hex") !== argumentsSha256)
    throw new NotUnderstood("argumentsSha256 must be that of the arguments");
  return {
    callId: question.name("callId"),
    source: question.name("source"),
    tool: question.name("tool"),
    arguments: given,
    argumentsSha256,
    askedAt: question.time("askedAt"),
    expiresAt: question.time("expiresAt"),
  };
}

/** Checks what the core has written (`StepState`). @returns the ids of the calls that wait */
function checkState(state: Fields): Set<string> {
  state.whole("step");
  state.whole("callCount");
  if (state.flag("isSpeaking"))
    throw new NotUnderstood("waits.state must be of a reply that waits");
  if (!state.isNull("usage")) {
    const usage = state.object("usage");
    for (const field of ["promptTokens", "completionTokens", "totalTokens"]) usage.amount(field);
  }
  if (state.has("contextTokens")) state.whole("contextTokens");
  const asked = state.object("asked");
  asked.name("origin");
  for (const field of ["agentId", "model", "instructions"]) asked.textOrNull(field);
  if (!asked.isNull("temperature")) asked.amount("temperature");
  if (!asked.isNull("models")) asked.texts("models");
  asked.object("settings");
  for (const list of ["clientTools", "within"]) if (asked.has(list)) asked.texts(list);
  if (asked.has("chosenTools"))
    for (const list of ["names", "asking"]) asked.object("chosenTools").texts(list);
  asked.flag("refusesTruncation");
  asked.whole("before");
  const waiting = new Set<string>();
  for (const call of state.objects("calls")) {
    const callId = call.name("callId");
    call.whole("attempt");
    call.flag("isRepeatable");
    if (call.oneOf("state", CALL_STATES) === "waiting") waiting.add(callId);
  }
  return waiting;
}
