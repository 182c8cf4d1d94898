import type { Conversation } from "../../domain/conversation.ts";
import type { Attachment } from "../../domain/file.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { Interruption, Message, Role } from "../../domain/message.ts";
import type { Part } from "../../domain/parts.ts";
import type { Owner, Speaker } from "../../domain/principal.ts";
import type { Giving, Sink, StopGiving } from "../../domain/sink.ts";
import type { TurnEnding, TurnEvent, Waiting } from "../../domain/turn.ts";
import type { AgentStore } from "../../ports/agent-store.ts";
import type { Clock, NewId } from "../../ports/clock.ts";
import type { ConversationLock } from "../../ports/conversation-lock.ts";
import type { MemoryStore } from "../../ports/memory-store.ts";
import type { ModelSettings, PromptMessage } from "../../ports/model.ts";
import type { TurnObserver } from "../../ports/observer.ts";
import type { ProfileStore } from "../../ports/profile-store.ts";
import type { ProjectStore } from "../../ports/project-store.ts";
import type { QuestionStore } from "../../ports/question-store.ts";
import type {
  AbandonedReply,
  ConversationStore,
  MessageStore,
  TurnListQuery,
  TurnStore,
  TurnTarget,
} from "../../ports/store.ts";
import type { PartsEvent, TurnLog } from "../../ports/turn-log.ts";
import type { Budgets } from "../access/budgets.ts";
import type { NoteCall } from "../audit.ts";
import type { Models } from "../models.ts";
import type { ChosenTools, Tools } from "../tools/tools.ts";
import type { Checkpoints } from "./checkpoints.ts";
import type { Deadlines } from "./deadlines.ts";
import type { PendingEndings } from "./pending-endings.ts";
import type { ShowFiles } from "./prompt-files.ts";
import type { AskModelOnce, StatelessTurn } from "./stateless-turn.ts";

export type { TurnPlace, TurnTarget } from "../../ports/store.ts";

/** How long an ended reply can still be resumed. */
export const RESUMABLE_MS = 10 * 60_000;

/** What is kept of a turn for its wire, as JSON. */
export const MAX_RECORD_BYTES = 64 * 1024;
export const MAX_INPUT_MESSAGES = 10_000;

/** A message of a turn's input. */
export type InputMessage = {
  readonly role: Role;
  /** Its words. */
  readonly content: string;
  /** All of it, where the words are not all: calls of tools, their results (of role `tool`), a refusal. */
  readonly parts?: readonly Part[];
  readonly attachments?: readonly Attachment[];
  /** A UUID; absent: a new one. */
  readonly id?: string;
};

export type StartTurn = {
  readonly target: TurnTarget;
  /** Not looked at where the target's place is a new answer to a stored question: that one says it. */
  readonly content: string;
  /** Files of the speaker's; absent: none. */
  readonly attachments?: readonly Attachment[];
  /**
   * The new messages, oldest first, in place of `content` and `attachments`, which then count for nothing. None at all is
   * for a place `after` a message: a further reply to what is stored.
   */
  readonly input?: readonly InputMessage[];
  /**
   * What goes before everything that the model is told, for this turn alone and after the agent's own; never stored.
   * Absent: what the speaker keeps for that, and what is remembered of them; empty: nothing.
   */
  readonly instructions?: string;
  /** Whether a conversation that is too long for the model is refused , not shortened; default: no. */
  readonly refusesTruncation?: boolean;
  /** Kept with the turn for as long as its reply is: what its wire wants to know of it later. */
  readonly record?: JsonObject;
  /** The list of its wire that the turn is in (`Turns.listed`): letters alone; absent: none. */
  readonly list?: string;
  /** Whether a turn that fails before its first word is taken back, with its input; default: no. */
  readonly leavesNoFailure?: boolean;
  /** As the client named it; null: the conversation's, its agent's, or the default. */
  readonly model: string | null;
  /** 0 to 2; null: the agent's, or the provider's default. */
  readonly temperature: number | null;
  /** Further settings of the answer; absent: none. */
  readonly settings?: ModelSettings;
  /**
   * The whole of what the model is told, in place of what is stored; never stored itself. The system prompt and the
   * agent's instructions are not added, and nothing is left out.
   */
  readonly prompt?: readonly PromptMessage[];
  /**
   * Whether the server's own tools are offered to the model, so that the reply may have several steps; not with a whole
   * `prompt`, or beside tools of the request's own, unless `runsClientTools`. Default: no.
   */
  readonly usesServerTools?: boolean;
  /** Those of them that the turn may use; absent: all. */
  readonly chosenTools?: ChosenTools;
  /**
   * Whether the message may be the words of strangers, as where a program's model writes it: no tool that changes
   * something is then used without a question, in this turn, in another answer to the message, or later in the
   * conversation, for the mark is kept with the message. Default: no.
   */
  readonly isUntrusted?: boolean;
  /** The replies that wait for this turn, since a call of theirs has begun it: their ids, the outermost first; absent: none. */
  readonly within?: readonly string[];
  /**
   * Whether the client runs the tools of the settings while the reply waits for each result, so that the reply may have
   * several steps, and may be offered the server's own tools as well. It needs `canAsk`. Default: no: the reply ends with
   * the calls.
   */
  readonly runsClientTools?: boolean;
  /** Whether somebody can be asked whether a tool may be used, so that the reply may wait for a decision; default: no. */
  readonly canAsk?: boolean;
  /** The wire it came through, for metrics. */
  readonly origin: string;
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | null;
};

export type {
  Finish,
  ModelPart,
  ModelSettings,
  NamedTool,
  PromptMessage,
  PromptPiece,
  ToolChoice,
  ToolOffer,
} from "../../ports/model.ts";
export type { PartsEvent } from "../../ports/turn-log.ts";
export type {
  AskedEvent,
  AskedOutcome,
  AskModelOnce,
  StatelessTurn,
} from "./stateless-turn.ts";

/** What a watcher of the words of a reply gets; the acceptance is known to whoever may watch. */
export type LiveEvent = Exclude<TurnEvent, { type: "accepted" }>;

/** The next piece of what a model thinks. `offset`: the length of all before it, in UTF-16 code units. */
export type Thought = { readonly offset: number; readonly text: string };

/**
 * The ways to watch a reply, live or from the store, to its ending. What comes is pushed: what the model's connection
 * gave in one moment is given in one. They end with AppError unavailable where a reply in progress cannot be heard.
 */
export type Watching = {
  /** The words that come after `position` (0: all of them). */
  watch(position: number, sink: Sink<LiveEvent>): StopGiving;
  /** The same of all parts of the reply, whose positions are other ones (domain/parts.ts). */
  watchParts(position: number, sink: Sink<PartsEvent>): StopGiving;
  /**
   * All parts from their beginning, each `grow` of it a piece. The pieces are the same whenever and wherever the reply
   * is watched (domain/pieces.ts).
   */
  watchPieces(sink: Sink<PartsEvent>): StopGiving;
  /** What the model has thought and thinks, while the turn can be heard; null: it has ended. */
  watchThoughts(sink: Sink<Thought>): StopGiving | null;
};

/** A turn whose user message is on disk. */
export type Turn = Watching & {
  readonly conversation: Conversation;
  /** Of an input of several messages its last one of that role, or its last. */
  readonly userMessage: Message;
  /** All messages of the input. */
  readonly input: readonly Message[];
  /** What its wire keeps with it; null: nothing. */
  readonly record: JsonObject | null;
  readonly replyId: string;
  /** The branch that the reply is on. */
  readonly branch: number;
  /** Resolves when the reply has ended and is on disk; never rejects for a reason of the model's. */
  readonly ending: Promise<TurnEnding>;
  /**
   * Stops this reply, and keeps of it only what its listener heard, marked `interrupted`; resolves
   * when that is on disk. Nothing changes once all of it was heard. @throws AppError unavailable
   */
  cut(heardCharacters: number): Promise<void>;
};

/** A reply that is requested before it is certain that its message will be sent. Nothing is stored. */
export type PreparedTurn = {
  /** The text of the reply as it comes, for a caller that prepares to speak it; can be read once. */
  readonly opening: Giving<string>;
  /** Stores the message, as `start` does, and continues with the request that was sent. @throws as start */
  commit(): Promise<Turn>;
  /** Ends the request to the model. */
  discard(): void;
};

/** What a late watcher sees of a turn. */
export type WatchedTurn = Watching &
  Pick<Turn, "userMessage" | "input" | "record" | "replyId" | "branch"> & {
    readonly conversationId: string;
    /** When the reply was begun. */
    readonly createdAt: Date;
    /** The reply's ending as it is stored; null while it is being generated. */
    readonly stored: TurnEnding | null;
    /** The reply as it was stored when it was asked for. */
    readonly soFar: Message;
  };

export type Turns = Pick<TurnStore, "lastKey"> & {
  /**
   * Stores the message and starts the reply, which goes on whether anybody watches or not.
   * @throws AppError invalid_request, not_found, model_refused (nothing is stored, and no model is asked), conflict
   * (idempotency key), unavailable
   */
  start(speaker: Speaker, request: StartTurn): Promise<Turn>;
  /**
   * Sends the request to the model for a message with which `start` may be called soon.
   * @throws AppError invalid_request, not_found, model_refused, unavailable
   */
  prepare(speaker: Speaker, request: StartTurn): Promise<PreparedTurn>;
  /**
   * Asks a model without keeping anything. Counts as a turn for limits, budgets, metrics and the shutdown.
   * @throws AppError model_refused, rate_limited (a limit, or a budget), unavailable, invalid_request
   */
  ask(speaker: Speaker, request: AskModelOnce): Promise<StatelessTurn>;
  /**
   * The turn of that reply, or, on the path of that branch or of the active one, of the one that is
   * generated now (those that wait come after it), or the latest. Null if there is none that runs or has ended within RESUMABLE_MS. @throws AppError not_found
   */
  watch(
    owner: Owner,
    conversationId: string,
    replyId: string | null,
    branch?: number,
  ): Promise<WatchedTurn | null>;
  /** The turn of that reply, however long ago it ended; null: there is none. */
  turnOf(owner: Owner, replyId: string): Promise<WatchedTurn | null>;
  /** What that reply waits for; null: it does not wait, or there is none. @throws AppError unavailable */
  waitingFor(owner: Owner, replyId: string): Promise<Waiting | null>;
  /** The replies of that list's turns that have ended, in the order of their beginning. @throws AppError not_found (after) */
  listed(owner: Owner, query: TurnListQuery): Promise<readonly Message[]>;
  /** Replaces what the turn's wire keeps with it. @throws AppError not_found, also of a turn that was begun without */
  updateRecord(owner: Owner, replyId: string, record: JsonObject): Promise<void>;
  /** The same where only the reply is known. @throws AppError not_found */
  watchReply(owner: Owner, replyId: string): Promise<WatchedTurn | null>;
  /**
   * Stops the conversation's replies; what was said is kept.
   * @param cause default: `stopped`, as its user asked
   * @param which default: running and waiting; `first`: the one that is generated now, and the next
   * one goes on
   * @param branch only those on its path; without it those of every branch, or with `first` of the active one
   * @throws AppError not_found, invalid_request
   */
  stop(
    owner: Owner,
    conversationId: string,
    cause?: Interruption,
    which?: "all" | "first",
    branch?: number,
  ): Promise<boolean>;
  /** Stops that reply alone, on whichever replica it runs; what was said is kept. @throws AppError unavailable */
  stopReply(owner: Owner, replyId: string): Promise<void>;
  /** Continues replies whose server is gone, as far as that is possible, and ends the others. */
  takeOver(replies: readonly AbandonedReply[]): void;
  /** Continues a reply that waited and has been decided about. Resolves when it is under way. */
  goOn(owner: Owner, replyId: string): Promise<void>;
  /** @throws AppError unavailable while the server shuts down */
  checkOpen(): void;
  /** Refuses new turns, waits for those that run, and interrupts those that still run after that time. */
  drain(timeoutMs: number): Promise<void>;
};

export type TurnParts = {
  readonly store: ConversationStore &
    MessageStore &
    TurnStore &
    AgentStore &
    ProfileStore &
    MemoryStore &
    ProjectStore &
    QuestionStore;
  readonly log: TurnLog;
  readonly lock: ConversationLock;
  readonly models: Models;
  readonly checkpoints: Checkpoints;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly observer: TurnObserver;
  readonly systemPrompt: string | null;
  /** MEMORY: whether models may remember people who have switched it on. */
  readonly hasMemory: boolean;
  readonly showFiles: ShowFiles;
  readonly budgets: Budgets;
  readonly deadlines: Deadlines;
  readonly pendingEndings: PendingEndings;
  /** Null: models are offered no tools of the server's. */
  readonly tools: Tools | null;
  /** How long a reply waits for a decision. */
  readonly toolWaitMs: number;
  readonly noteCall: NoteCall;
};
