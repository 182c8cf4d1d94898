import { type AppError, toAppError } from "../../domain/errors.ts";
import type { TurnTarget } from "../../ports/store.ts";
import type { StartTurn, Turn } from "../turns/turn.ts";
import type { OnOutput, TurnMetrics } from "./outputs.ts";
import type { SessionOptions, SessionParts } from "./parts.ts";
import { createPlayer, type Heard, type Player } from "./player.ts";
import { createPreparations, type Preparation } from "./preparation.ts";
import { decided, noticeIn } from "./waiting.ts";

/** The turns of a session, one at a time. */
export type Answers = {
  /** Sends the request to the model for the probable message, and drops the request before it. */
  prepare(text: string): void;
  discard(): void;
  /** Begins a turn and speaks its reply. */
  answer(text: string, speechEndedAtMs: number | null, atMs: number): void;
  hold(): void;
  goOn(): void;
  /** Ends the reply: what was heard of it is kept. */
  cut(): void;
  /** The reply was heard, or need not be. */
  letGo(): void;
  /** Returns the time when all sound will have been played; null if another reply is being spoken. */
  report(replyId: string, playedMs: number): number | null;
  saying(): string;
  noteTranscript(atMs: number): void;
  close(): void;
};

export type AnswerEvents = {
  readonly output: OnOutput;
  failed(error: AppError): void;
  sent(quietAtMs: number, isLast: boolean): void;
};

type Current = {
  turn: Turn | null;
  player: Player | null;
  isHeld: boolean;
  /**
   * Only the part that was heard is kept. Otherwise the reply is generated to its end, whether anybody
   * listens or not.
   */
  isCut: boolean;
  isOver: boolean;
  /** The client knows that it must be silent. */
  isSilenced: boolean;
};

type Marks = { -readonly [Stage in keyof Omit<TurnMetrics, "replyId" | "totalMs">]: number | null };

export function createAnswers(
  parts: SessionParts,
  options: SessionOptions,
  events: AnswerEvents,
): Answers {
  const { turns, clock } = parts;
  const { owner, capabilities } = options;
  let target: TurnTarget = options.target;
  let current: Current | null = null;
  const preparations = createPreparations({
    turns,
    owner,
    synthesizer: parts.speech.synthesizer,
  });
  /** Of the conversation's agent, as far as is known. */
  let voice: string | null = null;
  let transcriptAtMs: number | null = null;
  /**
   * The writes that must be on disk before the next turn: the turn before it, and the part of its reply
   * that was heard.
   */
  let settled: Promise<unknown> = Promise.resolve();

  const now = () => clock.now().getTime();
  const request = (content: string): StartTurn => ({
    target,
    content,
    model: null,
    temperature: null,
    usesServerTools: true,
    canAsk: capabilities.questions && capabilities.segments && capabilities.interrupt,
    origin: options.origin,
    idempotency: null,
  });
  const begin = async (text: string, early: Preparation | null): Promise<Turn> => {
    const [prepared] = await Promise.all([early?.prepared, settled]);
    await options.admitTurn().catch((error: unknown) => {
      prepared?.discard();
      throw error;
    });
    const turn = prepared ? await prepared.commit() : await turns.start(owner, request(text));
    target = { kind: "existing", conversationId: turn.conversation.id };
    return turn;
  };
  const voiceOf = async (turn: Turn): Promise<string | null> => {
    const { agentId } = turn.conversation;
    return agentId ? ((await parts.store.getAgent(owner, agentId))?.voice ?? null) : null;
  };
  const tellSilence = (reply: Current, heard: Heard | null) => {
    if (!capabilities.interrupt || reply.isSilenced || !reply.turn || !heard) return;
    reply.isSilenced = true;
    const { replyId } = reply.turn;
    const { text: spokenText, playedMs } = heard;
    events.output({ type: "interrupted", replyId, spokenText, playedMs });
  };
  const keepHeard = (turn: Turn, characters: number) => {
    const cutting = turn
      .cut(characters)
      .catch((error: unknown) => events.failed(toAppError(error)));
    settled = Promise.all([settled, cutting]);
  };

  async function run(reply: Current, text: string, marks: Marks, sinceMs: number): Promise<void> {
    const early = preparations.take(text);
    const starting = begin(text, early);
    settled = starting.catch(() => {});
    const turn = await starting;
    reply.turn = turn;
    if (reply.isCut) return keepHeard(turn, 0);
    if (reply.isOver) return;
    voice = await voiceOf(turn);
    if (reply.isOver) return;
    const mark = (stage: keyof Marks) => {
      marks[stage] ??= now() - sinceMs;
    };
    reply.player = createPlayer(
      {
        turn,
        voice,
        clock,
        opening: early?.opening ?? Promise.resolve(null),
        synthesizer: parts.speech.synthesizer,
        isSegmented: capabilities.segments,
        notice: noticeIn(options.language),
        decided: (signal) => decided(parts, owner, turn.replyId, signal),
        isHeld: reply.isHeld,
      },
      {
        output(message) {
          const isSound = message.type === "segment" || message.type === "reply";
          if (isSound && message.sound.length > 0) mark("firstAudioMs");
          events.output(message);
        },
        sent(quietAtMs, isLast) {
          if (isLast && capabilities.metrics && !isTold) {
            isTold = true;
            const metrics = { replyId: turn.replyId, ...marks, totalMs: now() - sinceMs };
            events.output({ type: "metrics", metrics });
          }
          if (reply === current) events.sent(quietAtMs, isLast);
        },
        progress: {
          firstToken: () => mark("firstTokenMs"),
          firstSentence: () => mark("firstSentenceMs"),
        },
      },
    );
    let isTold = false;
  }

  const close = () => {
    current?.player?.close();
    if (current) current.isOver = true;
    current = null;
  };

  return {
    prepare: (text) => preparations.begin(request(text), voice, settled),
    discard: preparations.drop,
    answer(text, speechEndedAtMs, atMs) {
      close();
      const sinceMs = speechEndedAtMs ?? atMs;
      const isSpoken = speechEndedAtMs !== null;
      const reply: Current = {
        turn: null,
        player: null,
        isHeld: false,
        isCut: false,
        isOver: false,
        isSilenced: false,
      };
      current = reply;
      const marks: Marks = {
        transcriptMs: isSpoken && transcriptAtMs !== null ? transcriptAtMs - sinceMs : null,
        endpointMs: isSpoken ? atMs - sinceMs : null,
        firstTokenMs: null,
        firstSentenceMs: null,
        firstAudioMs: null,
      };
      run(reply, text, marks, sinceMs).catch((error: unknown) => {
        if (reply !== current) return;
        events.failed(toAppError(error));
        events.sent(now(), true);
      });
    },
    hold() {
      if (!current) return;
      current.isHeld = true;
      tellSilence(current, current.player?.hold() ?? null);
    },
    goOn() {
      if (!current) return;
      current.isHeld = false;
      current.isSilenced = false;
      current.player?.goOn();
    },
    cut() {
      if (!current) return;
      const { turn, player } = current;
      const heard = player?.heard() ?? null;
      tellSilence(current, heard);
      current.isCut = true;
      if (turn) keepHeard(turn, heard?.characters ?? 0);
      close();
    },
    letGo: close,
    report: (replyId, playedMs) =>
      current?.turn?.replyId === replyId ? (current.player?.report(playedMs) ?? null) : null,
    saying: () => current?.player?.saying() ?? "",
    noteTranscript(atMs) {
      transcriptAtMs = atMs;
    },
    close() {
      preparations.drop();
      close();
    },
  };
}
