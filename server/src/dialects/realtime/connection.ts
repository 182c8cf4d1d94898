import { AppError } from "../../domain/errors.ts";
import { parseJsonText } from "../../http/json-text.ts";
import type { Socket } from "../../http/socket.ts";
import { OpenAiError } from "../openai/errors.ts";
import { type Fields, fieldsOf, invalid, required } from "../openai/fields.ts";
import { durationIn } from "../openai/headers.ts";
import { idOf } from "../openai/ids.ts";
import { metadataIn } from "../openai/metadata.ts";
import type { Asked } from "./asked.ts";
import { itemIn } from "./client-items.ts";
import { createTell, tellError } from "./events.ts";
import { createIdle, silentItem, withSilence } from "./idle.ts";
import { createItems, type Item, itemBody, noSuchItem } from "./items.ts";
import type { RealtimeParts } from "./parts.ts";
import { createResponses, type ResponsesParts } from "./responses.ts";
import { type SessionSettings, sessionBody, withAnswer, withSession } from "./settings.ts";
import { createSpokenTurns } from "./spoken-turns.ts";

export type ConnectionParts = Omit<
  ResponsesParts,
  "tell" | "items" | "understood" | "onEnded" | "onInternalError"
> &
  Pick<RealtimeParts, "onInternalError" | "now" | "sessionMs"> & {
    /** As the client named it, or the default one. */
    readonly modelName: string;
    readonly settings: SessionSettings;
    /** Of the conversation that is gone on with. */
    readonly context: readonly Item[];
  };

const NORMAL_CLOSURE = 1000;
/** Of events that wait for those before them. */
const MAX_WAITING_CHARACTERS = 64 * 1024 * 1024;
/** Tools bring schemas with them. */
const JSON_BOUNDS = { maxDepth: 100, maxValues: 100_000 };

/** Speaks OpenAI's Realtime over one socket. @returns what is to be called with each message */
export function serveConnection(parts: ConnectionParts, socket: Socket): (text: string) => void {
  const { newId, now } = parts;
  const tell = createTell((text) => socket.send(text), newId);
  const expiresAt = new Date(now().getTime() + parts.sessionMs);
  const session = { id: idOf("sess_", newId()), model: parts.modelName, expiresAt };
  let settings = parts.settings;
  const items = createItems();
  for (const item of parts.context) items.add(item);
  const newItemId = () => idOf("item_", newId());
  const report = (error: AppError) => {
    if (error.code === "internal") parts.onInternalError(error, "realtime session", null);
  };
  const spoken = createSpokenTurns({
    ...parts,
    tell,
    items,
    newItemId,
    settings: () => settings,
    add: (item) => addItem(item),
    onStarted() {
      isDue = false;
      idle.hold();
      idle.reset();
      if (settings.turnDetection?.interruptsResponse) responses.cancel("turn_detected");
    },
    onStopped: () => idle.again(),
    onCommitted: () => idle.hold(),
    onUnderstood: () => idle.again(),
    onTurn: answerTurn,
    onFailure: report,
  });
  const responses = createResponses({
    ...parts,
    tell,
    items,
    understood: spoken.settled,
    onEnded(quietAtMs) {
      idle.begin(quietAtMs);
      if (isDue) answerTurn();
    },
    onInternalError: report,
  });
  /** A spoken turn waits for the response before it to end. */
  let isDue = false;

  const plainly = (clientEventId: string | null): Asked => ({
    settings,
    metadata: null,
    input: null,
    isApart: false,
    clientEventId,
  });
  const idle = createIdle({
    clock: parts.clock,
    settings: () => settings,
    isBusy: () => socket.isGone || responses.isActive(),
    onIdle(silentMs) {
      const id = newItemId();
      const endMs = Math.round(spoken.appendedMs());
      const place = { audio_start_ms: Math.max(0, endMs - silentMs), audio_end_ms: endMs };
      tell("input_audio_buffer.timeout_triggered", { ...place, item_id: id });
      const previous = items.all.at(-1)?.id ?? null;
      tell("input_audio_buffer.committed", { previous_item_id: previous, item_id: id });
      addItem(silentItem(id));
      const instructions = withSilence(settings.instructions, silentMs);
      begin({ ...plainly(null), settings: { ...settings, instructions } });
    },
  });
  function begin(asked: Asked): void {
    responses.create(asked);
    idle.stop();
  }
  function answerTurn(): void {
    isDue = responses.isActive();
    if (!isDue) begin(plainly(null));
  }

  function addItem(item: Item, afterId?: string | null): void {
    items.add(item, afterId);
    responses.note(item);
    const told = { previous_item_id: items.previousOf(item.id), item: itemBody(item) };
    tell("conversation.item.added", told);
    tell("conversation.item.done", told);
  }

  function createItem(event: Fields): void {
    const item = itemIn(required(event.object("item"), "item"), items, newItemId);
    const previous = event.string("previous_item_id");
    addItem(item, previous === "root" ? null : previous);
  }

  function known(event: Fields): Item {
    const id = required(event.string("item_id"), "item_id");
    const item = items.get(id);
    if (!item) throw noSuchItem(id, "item_id");
    return item;
  }

  function createResponse(event: Fields, clientEventId: string | null): void {
    const asked = event.object("response");
    const base = plainly(clientEventId);
    begin(asked ? { ...base, ...askedIn(asked) } : base);
    idle.reset();
  }

  function askedIn(fields: Fields): Omit<Asked, "clientEventId"> {
    return {
      settings: withAnswer(settings, fields),
      metadata: metadataIn(fields) ?? null,
      input: inputIn(fields),
      isApart: fields.oneOf("conversation", ["auto", "none"]) === "none",
    };
  }

  function inputIn(fields: Fields): readonly Item[] | null {
    const list = fields.list("input");
    if (!list) return null;
    const all: Item[] = [];
    for (const { value, path } of list) {
      const entry = fieldsOf(value, path);
      if (entry.any("type") === "item_reference") {
        const id = required(entry.string("id"), entry.at("id"));
        const item = items.get(id);
        if (!item) throw noSuchItem(id, entry.at("id"));
        all.push(item);
      } else all.push(itemIn(entry, { all: [...items.all, ...all] }, newItemId));
    }
    return all;
  }

  function withChange(session: Fields): SessionSettings {
    const next = withSession(settings, session);
    if (next.voice !== settings.voice && responses.hasSpoken())
      throw new OpenAiError(
        "invalid_request",
        "cannot_update_voice",
        "Cannot update a conversation's voice if assistant audio is present.",
        "session.audio.output.voice",
      );
    return next;
  }

  function handle(event: Fields, clientEventId: string | null) {
    const type = required(event.string("type"), "type");
    switch (type) {
      case "session.update":
        settings = withChange(required(event.object("session"), "session"));
        spoken.change(settings);
        idle.change();
        return tell("session.updated", { session: sessionBody(settings, session) });
      case "input_audio_buffer.append":
        return spoken.append(required(event.string("audio"), "audio"));
      case "input_audio_buffer.commit":
        return spoken.commit();
      case "input_audio_buffer.clear":
        spoken.clear();
        return tell("input_audio_buffer.cleared", {});
      case "conversation.item.create":
        return createItem(event);
      case "conversation.item.retrieve":
        return tell("conversation.item.retrieved", { item: itemBody(known(event)) });
      case "conversation.item.delete": {
        const { id } = known(event);
        items.remove(id);
        responses.forget(id);
        return tell("conversation.item.deleted", { item_id: id });
      }
      case "conversation.item.truncate": {
        const { id } = known(event);
        const contentIndex = required(event.integer("content_index"), "content_index");
        if (contentIndex !== 0)
          throw invalid(
            "content_index",
            "Invalid value: what was said aloud is at content_index 0.",
          );
        const endMs = required(event.integer("audio_end_ms", { min: 0 }), "audio_end_ms");
        responses.truncate(id, endMs);
        return tell("conversation.item.truncated", {
          item_id: id,
          content_index: contentIndex,
          audio_end_ms: endMs,
        });
      }
      case "response.create":
        return createResponse(event, clientEventId);
      case "response.cancel":
        if (responses.cancel("client_cancelled")) return;
        throw new OpenAiError(
          "invalid_request",
          "response_cancel_not_active",
          "Cancellation failed: no active response found",
        );
      default:
        throw invalid(
          "type",
          `Invalid value: '${type.slice(0, 100)}' is not an event that clients send.`,
        );
    }
  }

  const expiring = setTimeout(() => {
    const words = `Your session hit the maximum duration of ${durationIn(parts.sessionMs)}. Begin another`;
    tellError(tell, new OpenAiError("invalid_request", "session_expired", words), null);
    socket.close(NORMAL_CLOSURE, "The session is too old");
  }, parts.sessionMs);
  expiring.unref();
  socket.whenGone(() => {
    clearTimeout(expiring);
    idle.stop();
    spoken.close();
    responses.close();
  });
  tell("session.created", { session: sessionBody(settings, session) });
  const take = async (text: string): Promise<void> => {
    let clientEventId: string | null = null;
    try {
      const event = fieldsOf(await parseJsonText(text, JSON_BOUNDS), "");
      clientEventId = event.string("event_id") ?? null;
      await handle(event, clientEventId);
    } catch (problem) {
      report(tellError(tell, problem, clientEventId));
    }
  };
  return inOrder(take, () => tellError(tell, tooMuch(), null));
}

/** One after the other, as some take their time. */
function inOrder(take: (text: string) => Promise<void>, onTooMuch: () => void) {
  const waiting: string[] = [];
  let waitingCharacters = 0;
  let isBusy = false;
  const run = async () => {
    isBusy = true;
    for (let text = waiting.shift(); text !== undefined; text = waiting.shift()) {
      waitingCharacters -= text.length;
      await take(text);
    }
    isBusy = false;
  };
  return (text: string) => {
    if (waitingCharacters + text.length > MAX_WAITING_CHARACTERS) return onTooMuch();
    waitingCharacters += text.length;
    waiting.push(text);
    if (!isBusy) void run();
  };
}

const tooMuch = () =>
  new AppError(
    "too_large",
    "Too many events are waiting, so this one was dropped. Send sound no faster than it is spoken",
  );
