import { AppError, notFound } from "../../domain/errors.ts";
import type { Attachment } from "../../domain/file.ts";
import type { JsonObject } from "../../domain/json.ts";
import { documentOf, type Message, type TurnRecord } from "../../domain/message.ts";
import { checkParts } from "../../domain/part-checks.ts";
import type { Part } from "../../domain/parts.ts";
import type { Owner } from "../../domain/principal.ts";
import { checkMessageText, checkText, MAX_REPLY_CHARACTERS } from "../../domain/text.ts";
import type { NewInput } from "../../ports/store.ts";
import { type Tools, withChosen, withClientTools } from "../tools/tools.ts";
import {
  type InputMessage,
  MAX_INPUT_MESSAGES,
  MAX_RECORD_BYTES,
  type StartTurn,
  type TurnParts,
} from "./turn.ts";
import { isAnswering, placeOf } from "./turn-place.ts";

/** A message of a turn's input with its id. */
type NumberedInput = InputMessage & { readonly id: string };

/** A request whose `content` and `attachments` are those of the message that the turn is about. */
export type SettledTurn = Omit<StartTurn, "input"> & {
  readonly input?: readonly NumberedInput[];
  /** The id of the message that the turn is about. */
  readonly mainId: string;
  /** The tools with which the reply may have several steps; absent: it has one. */
  readonly serverTools?: Tools;
  /** The names of those that the client runs; absent: none. */
  readonly clientTools?: readonly string[];
};

/** The request with the server's own tools, where its wire and what it brings along leave room for them. */
export function withServerTools(all: Tools | null, request: SettledTurn): SettledTurn {
  const tools = withChosen(all, request.chosenTools);
  const { settings = {}, usesServerTools, prompt, canAsk = false, runsClientTools } = request;
  const brought = settings.tools ?? [];
  if (brought.length > 0 && runsClientTools && !prompt) {
    const clientTools = brought.map(({ name }) => name);
    const serverTools = withClientTools(usesServerTools ? tools : null, clientTools);
    const offers = [...brought, ...serverTools.offers(canAsk)];
    return { ...request, settings: { ...settings, tools: offers }, serverTools, clientTools };
  }
  if (!tools || !usesServerTools || prompt || brought.length > 0) return request;
  const offered = tools.offers(canAsk);
  if (offered.length === 0) return request;
  return { ...request, settings: { ...settings, tools: offered }, serverTools: tools };
}

/**
 * The request with the text and the files of the message that it is about: of its own, of the last one of its input, or
 * of the stored question that it answers. @throws AppError not_found
 */
export async function settle(
  { store, newId }: Pick<TurnParts, "store" | "newId">,
  owner: Owner,
  request: StartTurn,
): Promise<SettledTurn> {
  const { input: given, ...rest } = request;
  const place = placeOf(request);
  if (given) {
    const input = given.map((message) => ({ ...message, id: message.id ?? newId() }));
    const main = input.findLast(({ role }) => role === "user") ?? input.at(-1);
    const { content, id } = main ?? { content: "", id: newId() };
    const settled = { ...withFiles(rest, main?.attachments), content, input, mainId: id };
    if (input.length > 0 || place?.kind !== "after") return settled;
    return withMark(settled, await store.getMessage(owner, place.messageId));
  }
  if (place?.kind !== "answer") return { ...rest, mainId: newId() };
  const question = await store.getMessage(owner, place.questionId);
  if (!question) throw notFound("message");
  const { content, attachments, id } = question;
  return withMark({ ...withFiles(rest, attachments), content, mainId: id }, question);
}

/** A reply to a stranger's words is marked like them, whoever asks for it: its question may be deleted before it. */
const withMark = (request: SettledTurn, answered: Message | null): SettledTurn =>
  answered?.turn?.isUntrusted ? { ...request, isUntrusted: true } : request;

function withFiles(
  { attachments: _, ...request }: Omit<StartTurn, "input">,
  attachments: readonly Attachment[] | undefined,
): Omit<StartTurn, "input"> {
  return attachments ? { ...request, attachments } : request;
}

/** @throws AppError invalid_request */
export function checkAsked(request: SettledTurn): void {
  if (request.record) checkRecord(request.record);
  if ((request.settings?.choices ?? 1) > 1)
    throw refused("A conversation has one answer to a message: leave out n, or set it to 1", "n");
  if (request.input) checkInput(request, request.input);
  else if (!isAnswering(request)) checkMessageText(request.content, "content");
}

function checkInput(request: SettledTurn, input: readonly InputMessage[]): void {
  if (isAnswering(request)) throw refused("An answer to a stored question has no input", "input");
  if (input.length > MAX_INPUT_MESSAGES)
    throw refused(
      `input has ${input.length.toLocaleString("en")} messages: at most ${MAX_INPUT_MESSAGES.toLocaleString("en")} are taken`,
      "input",
    );
  if (input.length === 0 && placeOf(request)?.kind !== "after")
    throw refused("input must have at least one message", "input");
  for (const [place, { role, content, parts }] of input.entries()) {
    const name = `input[${place}]`;
    const isGiven = role === "assistant" || role === "tool";
    checkText(content, `${name}.content`, isGiven ? MAX_REPLY_CHARACTERS : undefined);
    if (!parts) continue;
    const checked = checkParts(parts, `${name}.parts`, { resultsAlone: role === "tool" });
    if (!checked.every(({ type }) => mayHave(role, type)))
      throw refused(`${name}.parts are not what a message of role ${role} consists of`, name);
  }
}

/** Whether a message of that role may have such a part. What a person says has words, and addresses of the web. */
function mayHave(role: InputMessage["role"], type: Part["type"]): boolean {
  if (role === "tool") return type === "tool_result";
  if (role === "assistant") return type !== "tool_result";
  return type === "text" || (role === "user" && type === "citation");
}

/** @throws AppError invalid_request */
export function checkRecord(record: JsonObject): void {
  if (new TextEncoder().encode(JSON.stringify(record)).length > MAX_RECORD_BYTES)
    throw refused(
      `What is kept with a turn (metadata, instructions, tools, …) takes more than ${MAX_RECORD_BYTES / 1024} KiB`,
      "metadata",
    );
}

/** The messages of the input as they are to be stored. */
export const newInput = (
  { input }: SettledTurn,
  createdAt: Date,
): readonly NewInput[] | undefined =>
  input?.map(({ id, role, content, parts, attachments }) => ({
    id,
    role,
    ...(parts ? documentOf(parts) : { content, reasoning: null, parts: null }),
    ...(attachments && { attachments }),
    createdAt,
  }));

/** What is kept with the turn; undefined: nothing, for it is a message and its answer. */
export function recordOf(request: SettledTurn): TurnRecord | undefined {
  const { input, record, list, isUntrusted = false } = request;
  if (!input && !record && !list && !request.leavesNoFailure && !isUntrusted) return undefined;
  const inputs = isAnswering(request) ? 0 : (input?.length ?? 1);
  return {
    ...(list && { list }),
    inputs,
    ...(record && { record }),
    ...(isUntrusted && { isUntrusted }),
  };
}

const refused = (message: string, field: string): AppError =>
  new AppError("invalid_request", message, { field });
