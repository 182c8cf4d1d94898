// The events of a streamed response, made from the pieces in which its reply was first shown.
import type { AppError } from "../../domain/errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import { type Part, type PartDelta, textIn, withText } from "../../domain/parts.ts";
import { errorOf } from "../openai/errors.ts";
import {
  type ContentPart,
  callItem,
  contentPart,
  type ItemBody,
  type ItemStatus,
  itemIds,
  messageItem,
  reasoningItem,
  type ThoughtsAs,
  thoughtsAs,
} from "./items.ts";
import { toolNameOf } from "./namespaces.ts";
import { endedBody, type Outcome, type ResponseBase, responseBody } from "./response.ts";

export type ResponseEvent = JsonObject & {
  readonly type: string;
  readonly sequence_number: number;
};

/**
 * Makes the events of one response. The same pieces always give the same events with the same numbers, so that a
 * replay differs from the first showing in nothing.
 */
export type EventMaker = {
  /** What comes before the first piece. */
  begin(): ResponseEvent[];
  /** @param logprobs of the tokens of the piece, where they are known */
  add(step: PartDelta, logprobs?: readonly JsonObject[]): ResponseEvent[];
  /**
   * What comes last.
   * @param lastStatus of the item that was open
   * @param error what to tell of a response that failed
   */
  end(outcome: Outcome, lastStatus: ItemStatus, error: AppError | null): ResponseEvent[];
};

/** An item that is being written. */
type OpenItem = {
  readonly id: string;
  readonly index: number;
  /** What is finished of a message. */
  readonly content: ContentPart[];
  /** The part that grows. */
  part: Part;
  pieces: string[];
};

const LAST_EVENTS = {
  completed: "response.completed",
  incomplete: "response.incomplete",
  cancelled: "response.incomplete",
  failed: "response.failed",
} as const;

/** @param seal as of `outputItems` */
export function eventMaker(
  base: ResponseBase,
  { isBackground, seal }: { isBackground: boolean; seal: ((text: string) => string) | null },
): EventMaker {
  const idFor = itemIds(base.id);
  const told = thoughtsAs(base.echo);
  let number = 0;
  let index = 0;
  let open: OpenItem | null = null;

  const event = (type: string, fields: JsonObject): ResponseEvent => ({
    type,
    sequence_number: number++,
    ...fields,
  });
  const place = (item: OpenItem): JsonObject => ({
    item_id: item.id,
    output_index: item.index,
    content_index: item.content.length,
  });
  const summaryPlace = ({ id, index: output }: OpenItem): JsonObject => ({
    item_id: id,
    output_index: output,
    summary_index: 0,
  });
  const itemEvent = (type: "added" | "done", item: OpenItem, body: ItemBody): ResponseEvent =>
    event(`response.output_item.${type}`, { output_index: item.index, item: body });

  /** The end of the part of an item's content. */
  const closePart = (item: OpenItem): ResponseEvent[] => {
    const text = item.pieces.join("");
    const { part } = item;
    if (part.type === "text" || part.type === "refusal") {
      const body = contentPart(part.type, text);
      const done =
        part.type === "text"
          ? event("response.output_text.done", { ...place(item), text, logprobs: [] })
          : event("response.refusal.done", { ...place(item), refusal: text });
      const events = [done, event("response.content_part.done", { ...place(item), part: body })];
      item.content.push(body);
      return events;
    }
    if (part.type === "reasoning") {
      const body = { type: told, text };
      if (told === "summary_text")
        return [
          event("response.reasoning_summary_text.done", { ...summaryPlace(item), text }),
          event("response.reasoning_summary_part.done", { ...summaryPlace(item), part: body }),
        ];
      return [
        event("response.reasoning_text.done", { ...place(item), text }),
        event("response.content_part.done", { ...place(item), part: body }),
      ];
    }
    if (part.type !== "tool_call") return [];
    const { id, index: output } = item;
    const call = callItem(id, "completed", { ...part, arguments: text });
    const whole = { item_id: id, output_index: output };
    return call.type === "custom_tool_call"
      ? [event("response.custom_tool_call_input.done", { ...whole, input: text })]
      : [
          event("response.function_call_arguments.done", {
            ...whole,
            ...toolNameOf(part.name),
            arguments: text,
          }),
        ];
  };
  const close = (status: ItemStatus): ResponseEvent[] => {
    const item = open;
    if (!item) return [];
    const events = closePart(item);
    open = null;
    return [...events, itemEvent("done", item, bodyOf(item, status, seal, told))];
  };
  const openPart = (item: OpenItem): ResponseEvent[] => {
    const { part } = item;
    if (part.type === "text" || part.type === "refusal")
      return [
        event("response.content_part.added", { ...place(item), part: contentPart(part.type, "") }),
      ];
    if (part.type !== "reasoning") return [];
    const body = { type: told, text: "" };
    return [
      told === "summary_text"
        ? event("response.reasoning_summary_part.added", { ...summaryPlace(item), part: body })
        : event("response.content_part.added", { ...place(item), part: body }),
    ];
  };
  const isSaid = ({ type }: Part) => type === "text" || type === "refusal";
  const begin = (part: Part): ResponseEvent[] => {
    // Text and a refusal are content of one message.
    if (open && isSaid(open.part) && isSaid(part)) {
      const ended = closePart(open);
      open.part = part;
      open.pieces = [];
      return [...ended, ...openPart(open)];
    }
    const before = close("completed");
    const item: OpenItem = {
      id: idFor(PREFIXES[part.type]),
      index: index++,
      content: [],
      part,
      pieces: [],
    };
    open = item;
    return [
      ...before,
      itemEvent("added", item, bodyOf(item, "in_progress", seal, told)),
      ...openPart(item),
    ];
  };

  return {
    begin() {
      const running = responseBody(base, "in_progress", null);
      const first = isBackground ? responseBody(base, "queued", null) : running;
      return [
        event("response.created", { response: first }),
        ...(isBackground ? [event("response.queued", { response: first })] : []),
        event("response.in_progress", { response: running }),
      ];
    },
    add(step, logprobs = []) {
      if (step.type === "open") {
        if (step.part.type === "citation" || step.part.type === "file") return [];
        return begin(step.part);
      }
      const opened = open && open.part.type === step.of ? [] : begin(withText(partOf(step.of), ""));
      if (!open) return opened;
      open.pieces.push(step.text);
      return [...opened, event(...growth(open, step.text, logprobs, told))];
    },
    end(outcome, lastStatus, error) {
      const told = error && errorOf(error);
      const events = close(lastStatus);
      if (told)
        events.push(
          event("error", {
            code: told.code,
            message: told.message,
            param: told.param,
            error: { ...told },
          }),
        );
      events.push(event(LAST_EVENTS[outcome.status], { response: endedBody(base, outcome) }));
      return events;
    },
  };
}

const PREFIXES = {
  text: "msg_",
  refusal: "msg_",
  reasoning: "rs_",
  tool_call: "fc_",
  tool_result: "fco_",
  citation: "msg_",
  file: "msg_",
} as const satisfies Record<Part["type"], string>;

/** A part of which only the type is known: what has a head was opened before it grew. */
const partOf = (type: Part["type"]): Part =>
  type === "reasoning" ? { type, text: "" } : { type: "text", text: "" };

/** The type and the fields of an event of growth. */
function growth(
  { id, index, content, part }: OpenItem,
  text: string,
  logprobs: readonly JsonObject[],
  told: ThoughtsAs,
): [type: string, fields: JsonObject] {
  const of = { item_id: id, output_index: index };
  if (part.type === "tool_call")
    return [
      callItem(id, "completed", part).type === "custom_tool_call"
        ? "response.custom_tool_call_input.delta"
        : "response.function_call_arguments.delta",
      { ...of, delta: text },
    ];
  const within = { ...of, content_index: content.length, delta: text };
  if (part.type === "reasoning")
    return told === "summary_text"
      ? ["response.reasoning_summary_text.delta", { ...of, summary_index: 0, delta: text }]
      : ["response.reasoning_text.delta", within];
  if (part.type === "refusal") return ["response.refusal.delta", within];
  return ["response.output_text.delta", { ...within, logprobs }];
}

/** The item as it is so far. */
function bodyOf(
  { id, part, pieces, content }: OpenItem,
  status: ItemStatus,
  seal: ((text: string) => string) | null,
  told: ThoughtsAs,
): ItemBody {
  const text = pieces.join("");
  if (part.type === "tool_call") return callItem(id, status, { ...part, arguments: text });
  if (part.type === "reasoning")
    return reasoningItem(id, status === "in_progress" ? null : text, seal, told);
  if (part.type === "tool_result")
    return {
      id,
      type: "function_call_output",
      status,
      call_id: part.callId,
      output: textIn({ ...part, text }),
    };
  return messageItem(id, status, [...content]);
}
