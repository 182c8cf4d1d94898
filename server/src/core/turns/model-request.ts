import type { Agent } from "../../domain/agent.ts";
import { type Memory, toldOfMemories } from "../../domain/memory.ts";
import { type Part, textOf } from "../../domain/parts.ts";
import type { Speaker } from "../../domain/principal.ts";
import { toldOf } from "../../domain/profile.ts";
import { type Giving, kept, type Sink, type StopGiving } from "../../domain/sink.ts";
import type { ModelPart, ModelSettings, PromptMessage } from "../../ports/model.ts";
import type { ReadPrompt, Reservation } from "../access/budgets.ts";
import { isChosen } from "../tools/permissions.ts";
import type { Tools } from "../tools/tools.ts";
import { cutAt } from "./answer-limit.ts";
import { withFirstCalls } from "./call-limit.ts";
import { buildPrompt, promptBudget } from "./prompt.ts";
import type { Stop } from "./stop.ts";
import type { InputMessage, TurnParts } from "./turn.ts";

/** A request to the model that is under way. */
export type OpenRequest = {
  /** The answer from its beginning, for one taker. It ends with an error where the request failed, or was discarded. */
  readonly answer: Giving<ModelPart>;
  /** The sequence of the latest message that the model is told of besides the question; -1: none. Null: it could not be read. */
  readonly knowsTo: Promise<number | null>;
  /** Ends the request; whatever the model still sends is dropped. */
  discard(): void;
};

export type Question = {
  readonly owner: Speaker;
  /** Null: a conversation that does not exist yet, so there is nothing to remember. */
  readonly conversationId: string | null;
  readonly agentId: string | null;
  /** The project that the conversation is in; null: none. */
  readonly projectId: string | null;
  /** Whether the model is told what is remembered of its owner, and may remember, where the owner has switched it on. */
  readonly mayRemember: boolean;
  /** The first message of the input. Only what is stored before it is history. */
  readonly firstMessageId: string;
  /** The branch whose path the model is told, where `before` is null. */
  readonly branch: number;
  /** The sequence before which the model is told what was said; null while the message is on its way to the disk. */
  readonly before: number | null;
  /** The messages to answer. */
  readonly input: readonly Omit<InputMessage, "id">[];
  readonly model: string | null;
  readonly temperature: number | null;
  readonly settings: ModelSettings;
  /** The server's own tools, where the tools of `settings` are those; null: they are not. */
  readonly serverTools: Pick<Tools, "find" | "isOfClient"> | null;
  /** All that the model is told, in place of what is stored; undefined: that. */
  readonly prompt: readonly PromptMessage[] | undefined;
  /**
   * What the model is told before everything else, after its agent's instructions; null: what its owner keeps for that,
   * for all conversations and for those of the project.
   */
  readonly instructions: string | null;
  /** Whether a history that is too long is refused; otherwise it is shortened. */
  readonly refusesTruncation: boolean;
  readonly reservation: Reservation;
  /** What the reply has said so far, with the calls that it made and their results; absent: it begins. */
  readonly said?: readonly Part[];
};

/** Sends the request at once; nothing is thrown here, a failure ends the answer. */
export function requestReply(parts: TurnParts, question: Question, stop: Stop): OpenRequest {
  const { sink, give } = kept<ModelPart>();
  let stopModel: StopGiving | null = null;
  let isDiscarded = false;
  const discard = () => {
    isDiscarded = true;
    stopModel?.();
    sink.end(DISCARDED);
  };
  stop.listen(discard);
  const asking = async (): Promise<number | null> => {
    const read = await readPrompt(parts, question);
    // Nobody waits for the answer of a request that was discarded meanwhile.
    if (!isDiscarded) stopModel = await ask(parts, question, read, sink);
    if (isDiscarded) stopModel?.();
    return read.lastSequence;
  };
  const knowsTo = asking().catch((error: unknown) => {
    sink.end(error);
    return null;
  });
  return { answer: give, knowsTo, discard };
}

const DISCARDED = new Error("The request was discarded");

type Read = ReadPrompt & {
  readonly settings: ModelSettings;
  readonly model: string | null;
  readonly temperature: number | null;
  /** Whether the model may also be asked without the tools of the settings. */
  readonly areToolsOptional?: boolean;
  /** The sequence of the latest message before the question; -1: there is none. Null: what is stored does not matter. */
  readonly lastSequence: number | null;
};

/** The share of what a model is told that memories may have. */
const MEMORY_SHARE = 0.125;
/** Of a history that is to be refused where it is too long: more than any model takes. */
const MAX_READ_CHARACTERS = 32 * 1024 * 1024;

/** Builds the prompt from what is stored now. */
export async function readPrompt(
  {
    store,
    models,
    systemPrompt,
    hasMemory,
    showFiles,
  }: Pick<TurnParts, "store" | "models" | "systemPrompt" | "hasMemory" | "showFiles">,
  question: Omit<Question, "reservation">,
): Promise<Read> {
  const { owner, conversationId, agentId, refusesTruncation, said } = question;
  const input = said
    ? [...question.input, { role: "assistant", content: textOf(said), parts: said } as const]
    : question.input;
  const agent = agentId ? await store.getAgent(owner, agentId) : null;
  const model = question.model ?? agent?.model ?? null;
  const contextTokens = models.contextTokensOf(model);
  const { prompt } = question;
  const temperature = question.temperature ?? agent?.temperature ?? null;
  if (prompt) {
    const settings = chosenTools(question, agent, null);
    return { messages: prompt, settings, contextTokens, model, temperature, lastSequence: null };
  }
  const budget = promptBudget(contextTokens);
  const { projectId } = question;
  const [stored, ofOwner, project] = await Promise.all([
    conversationId
      ? store.recentMessages(owner, conversationId, {
          maxCharacters: refusesTruncation ? MAX_READ_CHARACTERS : budget.maxCharacters,
          ...(question.before === null
            ? { branch: question.branch }
            : { beforeSequence: question.before }),
        })
      : [],
    question.instructions === null ? store.getProfile(owner) : null,
    question.instructions === null && projectId ? store.getProject(owner, projectId) : null,
  ]);
  const memories =
    hasMemory && question.mayRemember && ofOwner?.isMemoryOn
      ? await store.listMemories(owner)
      : null;
  const settings = chosenTools(question, agent, memories);
  const told = memories && toldOfMemories(memories, budget.maxCharacters * MEMORY_SHARE);
  const ofPerson = [toldOf(ofOwner), told].filter((text) => text !== null).join("\n\n");
  const instructions = question.instructions ?? ofPerson;
  const asked = stored.findIndex((message) => message.id === question.firstMessageId);
  const history = asked < 0 ? stored : stored.slice(0, asked);
  const given = { agent, systemPrompt, instructions, project, history, input, refusesTruncation };
  const chosen = await buildPrompt(given, budget);
  const messages = chosen.some((message) => message.attachments)
    ? await showFiles(owner, chosen, budget.documentTokens)
    : chosen;
  const lastSequence = history.at(-1)?.sequence ?? -1;
  // A model without tools remembers nothing, and answers nevertheless.
  const areToolsOptional = settings.tools?.every(
    ({ name }) => question.serverTools?.find(name)?.needs === "memory",
  );
  return {
    ...{ messages, settings, contextTokens, model, temperature, lastSequence },
    ...(areToolsOptional && { areToolsOptional }),
  };
}

/**
 * The settings with those of the server's own tools that the agent has chosen.
 * @param memories null: none of those that remember
 */
function chosenTools(
  { settings, serverTools }: Pick<Question, "settings" | "serverTools">,
  agent: Agent | null,
  memories: readonly Memory[] | null,
): ModelSettings {
  if (!serverTools || !settings.tools) return settings;
  const { tools, toolChoice: _, ...rest } = settings;
  const labels = agent?.tools ?? null;
  const chosen = tools.filter(({ name }) => {
    if (serverTools.isOfClient(name)) return true;
    const tool = serverTools.find(name);
    if (!tool) return labels === null;
    return isChosen(tool, labels) && (tool.needs !== "memory" || memories !== null);
  });
  if (chosen.length === tools.length) return settings;
  return chosen.length > 0 ? { ...settings, tools: chosen } : rest;
}

/** Asks for the answer to a prompt, within what the reservation has. @throws AppError why it is not asked for */
export async function ask(
  { models }: Pick<TurnParts, "models">,
  { owner, reservation: { fit } }: Pick<Question, "owner" | "reservation">,
  read: ReadPrompt &
    Pick<Read, "model" | "temperature" | "areToolsOptional"> & { readonly settings: ModelSettings },
  sink: Sink<ModelPart>,
): Promise<StopGiving> {
  const { messages, model, temperature, settings, areToolsOptional = false } = read;
  const allowed = owner.models;
  // The chosen model may have changed while the message waited.
  const refusal = models.refusal(model, allowed);
  if (refusal) throw refusal;
  const fitting = fit ? await fit(read) : null;
  const maxTokens =
    fitting === null
      ? (settings.maxTokens ?? null)
      : Math.min(fitting, settings.maxTokens ?? fitting);
  const request = {
    ...{ model, allowed, messages, temperature, maxTokens, settings },
    areToolsOptional,
  };
  let stop: StopGiving = () => {};
  const { maxToolCalls, choices } = settings;
  const limited = maxTokens === null ? sink : cutAt(sink, { maxTokens, choices }, () => stop());
  const taken = maxToolCalls === undefined ? limited : withFirstCalls(limited, maxToolCalls);
  stop = models.reply(request, taken);
  return stop;
}
