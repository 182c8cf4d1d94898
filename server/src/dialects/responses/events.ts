// The events of a streamed response, made from the pieces in which its reply was first shown.
import type { AppError } from "../../domain/errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import { type Part, type PartDelta, withText } from "../../domain/parts.ts";
import { errorOf } from "../openai/errors.ts";
import type { ItemBody, ItemStatus, ResponseEvent } from "./item-body.ts";
import { callItem, contentPart, itemIds, thoughtsAs } from "./items.ts";
import { approvalEvents, callEvents, listEvents } from "./mcp-events.ts";
import { askedAs, isOfServer, listItems, mcpCallItem, type StageView } from "./mcp-items.ts";
import { toolNameOf } from "./namespaces.ts";
import { bodyOf, growth, type OpenItem, partOf } from "./open-item.ts";
import { endedBody, type Outcome, type ResponseBase, responseBody } from "./response.ts";

/**
 * Makes the events of one response. The same pieces always give the same events with the same numbers, so that a
 * replay differs from the first showing in nothing.
 */
export type EventMaker = {
  /** What comes before the first piece. */
  begin(): ResponseEvent[];
  /**
   * @param logprobs of the tokens of the piece, where they are known
   * @param isBefore whether another response has shown it, so that it only counts for the ids of what follows
   */
  add(step: PartDelta, logprobs?: readonly JsonObject[], isBefore?: boolean): ResponseEvent[];
  /**
   * What comes last.
   * @param lastStatus of the item that was open
   * @param error what to tell of a response that failed
   */
  end(outcome: Outcome, lastStatus: ItemStatus, error: AppError | null): ResponseEvent[];
};

type ToolCall = Extract<Part, { type: "tool_call" }>;

const LAST_EVENTS = {
  completed: "response.completed",
  incomplete: "response.incomplete",
  cancelled: "response.incomplete",
  failed: "response.failed",
} as const;

/** @param seal as of `outputItems` */
export function eventMaker(
  base: ResponseBase,
  {
    isBackground,
    seal,
    view,
  }: {
    isBackground: boolean;
    seal: ((text: string) => string) | null;
    view?: StageView | undefined;
  },
): EventMaker {
  const idFor = itemIds(base.id);
  const told = thoughtsAs(base.echo);
  let number = 0;
  let index = 0;
  let open: OpenItem | null = null;
  /** Of tools of the server's, in their order. */
  const calls = new Map<string, ToolCall>();

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
    open = null;
    if (item.isQuiet) return closeQuiet(item);
    const events = closePart(item);
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
  const closeQuiet = ({ part, pieces }: OpenItem): ResponseEvent[] => {
    const text = pieces.join("");
    if (part.type === "tool_call") calls.set(part.callId, { ...part, arguments: text });
    const call = part.type === "tool_result" ? calls.get(part.callId) : undefined;
    if (part.type !== "tool_result" || !call || !view) return [];
    const approval = askedAs(view, base.id, [...calls.values()], part.callId);
    const item = mcpCallItem(idFor("mcp_"), call, { ...part, text }, approval);
    return callEvents(event, index++, item);
  };
  const isQuiet = (part: Part): boolean =>
    view !== undefined &&
    ((part.type === "tool_call" && isOfServer(part)) ||
      (part.type === "tool_result" && calls.has(part.callId)));
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
    if (isQuiet(part)) {
      open = { id: "", index: -1, content: [], part, pieces: [], isQuiet: true };
      return before;
    }
    const item: OpenItem = {
      isQuiet: false,
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

  const add = (step: PartDelta, logprobs: readonly JsonObject[]): ResponseEvent[] => {
    if (step.type === "open") {
      if (step.part.type === "citation" || step.part.type === "file") return [];
      return begin(step.part);
    }
    const opened = open && open.part.type === step.of ? [] : begin(withText(partOf(step.of), ""));
    if (!open) return opened;
    open.pieces.push(step.text);
    if (open.isQuiet) return opened;
    return [...opened, event(...growth(open, step.text, logprobs, told))];
  };
  /** Does what only counts for what follows. */
  const passOver = (work: () => unknown): void => {
    const [numberBefore, indexBefore] = [number, index];
    work();
    number = numberBefore;
    index = indexBefore;
  };
  let isPassing = false;

  return {
    begin() {
      const running = responseBody(base, "in_progress", null);
      const first = isBackground ? responseBody(base, "queued", null) : running;
      return [
        event("response.created", { response: first }),
        ...(isBackground ? [event("response.queued", { response: first })] : []),
        event("response.in_progress", { response: running }),
        ...(view ? listItems(base.id, view) : []).flatMap((item) =>
          listEvents(event, index++, item),
        ),
      ];
    },
    add(step, logprobs = [], isBefore = false) {
      if (isPassing && !isBefore) passOver(() => close("completed"));
      isPassing = isBefore;
      if (!isBefore) return add(step, logprobs);
      passOver(() => add(step, logprobs));
      return [];
    },
    end(outcome, lastStatus, error) {
      const told = error && errorOf(error);
      if (isPassing) passOver(() => close("completed"));
      const events = close(lastStatus);
      for (const item of outcome.output)
        if (item.type === "mcp_approval_request")
          events.push(...approvalEvents(event, index++, item));
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
