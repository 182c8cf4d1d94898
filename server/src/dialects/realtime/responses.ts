import type { PartsEvent, StartTurn, Turn, TurnTarget } from "../../core/turns/turn.ts";
import { AppError, toAppError } from "../../domain/errors.ts";
import type { Speaker } from "../../domain/principal.ts";
import { pulled } from "../../domain/sink.ts";
import { OpenAiError } from "../openai/errors.ts";
import { invalid } from "../openai/fields.ts";
import { idOf } from "../openai/ids.ts";
import { readAhead } from "./ahead.ts";
import type { Asked } from "./asked.ts";
import { type Tell, tellError } from "./events.ts";
import { type Item, type Items, itemBody, noSuchItem } from "./items.ts";
import { createOutput, type Output } from "./output.ts";
import { ORIGIN, type RealtimeParts } from "./parts.ts";
import { type Outcome, type Piece, piecesOfAsked, piecesOfTurn } from "./pieces.ts";
import { createInputs, type KeepFiles, promptOf } from "./prompt.ts";
import { responseBody } from "./response-body.ts";
import { type AnswerSettings, modelSettingsOf, soundFormatOf } from "./settings.ts";
import { createVoiceOut, type SpokenRecord, type VoiceOut } from "./voice-out.ts";

/** The responses of a session, one at a time. */
export type Responses = {
  isActive(): boolean;
  /** Something was said aloud. */
  hasSpoken(): boolean;
  /** @throws OpenAiError conversation_already_has_active_response */
  create(asked: Asked): void;
  /** Returns false where none is active. */
  cancel(reason: "client_cancelled" | "turn_detected"): boolean;
  /** An item that the model has not been told of, and that is stored with the next turn. */
  note(item: Item): void;
  forget(itemId: string): void;
  /** Keeps of a spoken item what was heard. @throws OpenAiError */
  truncate(itemId: string, audioEndMs: number): void;
  /** What was asked is still generated and stored; nothing more is told. */
  close(): void;
};

export type ResponsesParts = Pick<
  RealtimeParts,
  "turns" | "speech" | "newId" | "conversations" | "clock"
> & {
  readonly tell: Tell;
  readonly items: Items;
  readonly owner: Speaker;
  readonly target: TurnTarget;
  readonly conversationId: string;
  /** Of the conversation that is gone on with; null: it has none. */
  readonly lastMessageId: string | null;
  /** As the model port names it; null: the default. */
  readonly model: string | null;
  readonly temperature: number | null;
  /** Before the session's own; "" for none. */
  readonly instructionsBefore: string;
  /** For a session without any. */
  readonly systemPrompt: string | null;
  readonly agentVoice: string | null;
  /** Counts a response. @throws AppError rate_limited. Resolves with what `rate_limits.updated` lists */
  readonly admitTurn: () => Promise<readonly object[]>;
  /** Resolves when the words of all that was said are known. */
  readonly understood: () => Promise<void>;
  /** Keeps pictures of items as files of the owner's. */
  readonly keepFiles: KeepFiles;
  /** @param quietAtMs when its sound will have been played */
  readonly onEnded: (quietAtMs: number) => void;
  readonly onInternalError: (error: AppError) => void;
};

type Running = {
  readonly asked: Asked;
  readonly stopping: AbortController;
  stopped: "client_cancelled" | "turn_detected" | null;
  output: Output | null;
  voice: VoiceOut | null;
  /** Characters of the reply that are out. */
  saidCharacters: number;
  turn: Turn | null;
};

/** Where an answer comes from, whether it is kept or not. */
type Source = {
  readonly id: string;
  readonly turn: Turn | null;
  readonly pieces: AsyncIterable<Piece>;
};

export function createResponses(parts: ResponsesParts): Responses {
  const { tell, items, turns, owner } = parts;
  let target = parts.target;
  let { lastMessageId } = parts;
  let running: Running | null = null;
  let isClosed = false;
  const inputs = createInputs(parts.keepFiles);
  /** Ids of items. */
  let unstored: string[] = [];
  const spoken: { readonly turn: Turn | null; readonly record: SpokenRecord }[] = [];
  /** What must be on disk before the next turn: of the reply before it, the part that was heard. */
  let settled: Promise<unknown> = Promise.resolve();

  const instructionsOf = (settings: AnswerSettings): string => {
    const own = [parts.instructionsBefore, settings.instructions].filter(Boolean).join("\n\n");
    return own || (parts.systemPrompt ?? "");
  };
  const afterLast = (): TurnTarget =>
    target.kind === "existing" && lastMessageId !== null
      ? { ...target, place: { kind: "after", messageId: lastMessageId } }
      : target;
  const cut = (turn: Turn, characters: number) => {
    const cutting = turn.cut(characters).catch((error: unknown) => report(error, null));
    settled = Promise.all([settled, cutting]);
  };
  const report = (problem: unknown, clientEventId: string | null) => {
    const error = toAppError(problem);
    if (error.code === "internal") parts.onInternalError(error);
    if (!isClosed) tellError(tell, error, clientEventId);
  };

  async function open({ asked, stopping }: Running): Promise<Source> {
    const { settings, isApart } = asked;
    await parts.understood();
    const messages = promptOf(instructionsOf(settings), asked.input ?? items.all);
    const common = {
      model: parts.model,
      temperature: parts.temperature,
      settings: modelSettingsOf(settings),
      origin: ORIGIN,
    };
    if (isApart) {
      const turn = await turns.ask(owner, { ...common, messages });
      return { id: turn.id, turn: null, pieces: piecesOfAsked(turn.follow(stopping.signal)) };
    }
    await settled;
    const added = unstored;
    const input = await inputs.of(added.flatMap((id) => items.get(id) ?? []));
    const isFirst = input.length === 0 && lastMessageId === null;
    const request: StartTurn = {
      ...common,
      target: input.length > 0 ? target : afterLast(),
      content: "",
      // A conversation begins with a message, even where only the instructions say what is to be said.
      input: isFirst ? [{ role: "developer", content: instructionsOf(settings) }] : input,
      prompt: messages,
      idempotency: null,
    };
    const turn = await inputs.storing(added, () => turns.start(owner, request));
    unstored = unstored.filter((id) => !added.includes(id));
    target = { kind: "existing", conversationId: turn.conversation.id };
    lastMessageId = turn.replyId;
    return {
      id: turn.replyId,
      turn,
      pieces: piecesOfTurn(pulled<PartsEvent>((sink) => turn.watchParts(0, sink), stopping.signal)),
    };
  }

  async function run(response: Running): Promise<void> {
    const { asked, stopping } = response;
    const { settings } = asked;
    const limits = await parts.admitTurn();
    const source = await open(response);
    response.turn = source.turn;
    const id = idOf("resp_", source.id);
    const body = (outcome: Outcome | null) =>
      responseBody(id, asked, {
        conversationId: asked.isApart ? null : idOf("conv_", parts.conversationId),
        output: response.output?.items.map(itemBody) ?? [],
        outcome,
      });
    tell("response.created", { response: body(null) });
    const output = createOutput({
      tell,
      conversation: asked.isApart ? null : items,
      newId: parts.newId,
      responseId: id,
      modality: settings.modality,
    });
    response.output = output;
    const { synthesizer } = parts.speech;
    const voice =
      settings.modality === "text"
        ? null
        : createVoiceOut({
            synthesizer,
            voice: synthesizer?.voices.includes(settings.voice) ? settings.voice : parts.agentVoice,
            speed: settings.speed,
            format: soundFormatOf(settings.outputFormat),
            output,
            clock: parts.clock,
            signal: stopping.signal,
            onFailure: (error) => report(error, null),
          });
    response.voice = voice;
    if (voice) spoken.push({ turn: source.turn, record: voice.record });
    const outcome = await follow(response, source, output);
    output.end(outcome.status === "completed" ? "completed" : "incomplete");
    running = null;
    tell("response.done", { response: body(outcome) });
    tell("rate_limits.updated", { rate_limits: limits });
  }

  /** Tells what comes, and how it ended. */
  async function follow(response: Running, source: Source, output: Output): Promise<Outcome> {
    const { voice } = response;
    try {
      for await (const piece of readAhead(source.pieces)) {
        if (response.stopped) break;
        if (piece.type === "ended") {
          await voice?.flush();
          if (!response.stopped) return piece.outcome;
        } else if (piece.type === "text") {
          if (voice) await voice.push(piece.text);
          else output.text(piece.text);
          response.saidCharacters += piece.text.length;
        } else if (piece.type === "call") {
          await voice?.flush();
          if (!response.stopped) output.call(piece.callId, piece.name);
        } else output.moreArguments(piece.text);
      }
    } catch (error) {
      if (!response.stopped) return { status: "failed", error: toAppError(error), usage: null };
    }
    if (response.stopped) return { status: "cancelled", reason: response.stopped, usage: null };
    const error = new AppError("unavailable", "The reply can no longer be followed here");
    return { status: "failed", error, usage: null };
  }

  const ended = ({ voice, stopped }: Running) => {
    running = null;
    const now = parts.clock.now().getTime();
    // Sound that was cut off is not played to its end.
    if (!isClosed) parts.onEnded(stopped || !voice ? now : voice.quietAtMs());
  };

  return {
    isActive: () => running !== null,
    hasSpoken: () => spoken.length > 0,
    create(asked) {
      if (running)
        throw new OpenAiError(
          "conflict",
          "conversation_already_has_active_response",
          "The conversation already has an active response. Wait for its response.done, or cancel it (response.cancel)",
        );
      const response: Running = {
        asked,
        stopping: new AbortController(),
        stopped: null,
        output: null,
        voice: null,
        saidCharacters: 0,
        turn: null,
      };
      running = response;
      run(response)
        .catch((error: unknown) => {
          running = null;
          report(error, asked.clientEventId);
        })
        .finally(() => ended(response));
    },
    cancel(reason) {
      const response = running;
      if (!response || response.stopped) return false;
      response.stopped = reason;
      const { voice, turn } = response;
      const heard = reason === "turn_detected" ? voice?.heardCharacters() : voice?.saidCharacters();
      response.stopping.abort();
      if (turn) cut(turn, heard ?? response.saidCharacters);
      return true;
    },
    note: (item) => void unstored.push(item.id),
    forget(itemId) {
      unstored = unstored.filter((id) => id !== itemId);
      inputs.forget(itemId);
    },
    truncate(itemId, audioEndMs) {
      const item = items.get(itemId);
      if (!item) throw noSuchItem(itemId, "item_id");
      const found = spoken.find(({ record }) => record.has(itemId));
      if (!found || item.type !== "message")
        throw invalid(
          "item_id",
          "Only what the assistant said aloud in this session can be truncated.",
        );
      const lengthMs = found.record.lengthMs(itemId);
      if (audioEndMs > Math.ceil(lengthMs))
        throw invalid(
          "audio_end_ms",
          `Audio content of ${Math.ceil(lengthMs)}ms is already shorter than ${audioEndMs}ms.`,
        );
      if (running?.turn === found.turn) this.cancel("client_cancelled");
      const { characters, text } = found.record.heardAt(itemId, audioEndMs);
      if (found.turn) cut(found.turn, characters);
      items.replace({ ...item, content: [{ type: "output_audio", transcript: null, said: text }] });
    },
    close() {
      isClosed = true;
    },
  };
}
