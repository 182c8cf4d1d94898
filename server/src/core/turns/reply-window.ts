import type { Message } from "../../domain/message.ts";
import type { Part } from "../../domain/parts.ts";
import type { Owner } from "../../domain/principal.ts";
import { filesOf } from "../../domain/project.ts";
import { type ReadBefore, readIn } from "../tools/permissions.ts";
import type { StepState } from "../tools/step-state.ts";
import type { TurnParts } from "./turn.ts";

/** Of all results of a reply, where the model's window does not allow less. */
const MAX_RESULTS_CHARACTERS = 512 * 1024;
const CHARACTERS_A_TOKEN = 3;
/** Of a history, for everything of it that a model may have been told. */
const MAX_CHARACTERS_A_TOKEN = 4;
/** The share of a model's window that results may have. */
const RESULTS_SHARE = 0.5;

/** What the window of the model that answers means for the calls of a reply. */
export type ReplyWindow = {
  /** Has to be called before calls are made. Rejects where the store does not answer. */
  look(): Promise<void>;
  /**
   * The tokens of the widest window that was seen, also by a server that had the reply before: one that has not listed
   * its models yet knows of less.
   */
  readonly tokens: number;
  /** What is left for results of calls; whoever adds a result takes from it. */
  readonly room: { characters: number };
  /** What the model was told before this turn. Rejects where the store does not answer. */
  readBefore(): Promise<ReadBefore>;
};

export function createReplyWindow(
  { store, models }: Pick<TurnParts, "store" | "models">,
  {
    owner,
    reply,
    asked,
    begun,
    said,
  }: {
    readonly owner: Owner;
    readonly reply: Pick<Message, "conversationId">;
    readonly begun: Pick<StepState, "contextTokens"> | null;
    /** What the reply consists of when this is called. */
    readonly said: readonly Part[];
  } & Pick<StepState, "asked">,
): ReplyWindow {
  let tokens = begun?.contextTokens ?? 0;
  const room = { characters: -resultsIn(said) };
  let allowed = 0;
  let known: ReadBefore | null = null;
  return {
    async look() {
      const { agentId } = asked;
      const agent = asked.model === null && agentId ? await store.getAgent(owner, agentId) : null;
      const now = models.contextTokensOf(asked.model ?? agent?.model ?? null);
      if (now > tokens) known = null;
      tokens = Math.max(tokens, now);
      const most = Math.floor(tokens * CHARACTERS_A_TOKEN * RESULTS_SHARE);
      const allowedNow = Math.min(MAX_RESULTS_CHARACTERS, most);
      room.characters += allowedNow - allowed;
      allowed = allowedNow;
    },
    get tokens() {
      return tokens;
    },
    room,
    // The history of a turn stays the same, and is read for the first call that depends on it.
    async readBefore() {
      if (known) return known;
      const limits = {
        maxCharacters: tokens * MAX_CHARACTERS_A_TOKEN,
        beforeSequence: asked.before,
      };
      const history = await store.recentMessages(owner, reply.conversationId, limits);
      const read = await readIn(history);
      const { projectId } = asked;
      const project = projectId ? await store.getProject(owner, projectId) : null;
      const isWithFiles = project !== null && filesOf(project).length > 0;
      known = { ...read, isUntrusted: read.isUntrusted || isWithFiles };
      return known;
    },
  };
}

const resultsIn = (parts: readonly Part[]): number =>
  parts.reduce((sum, part) => sum + (part.type === "tool_result" ? part.text.length : 0), 0);
