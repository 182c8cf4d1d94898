import type { IncomingHttpHeaders } from "node:http";
import type { AskModelOnce, PromptMessage } from "../../core/turns/turn.ts";
import type { Agent } from "../../domain/agent.ts";
import type { Owner } from "../../domain/principal.ts";
import { agentNamed } from "../openai/agents.ts";
import { conversationNameIn } from "../openai/conversation-name.ts";
import { fieldsOf, type JsonFields, required } from "../openai/fields.ts";
import { type Metadata, metadataIn } from "../openai/metadata.ts";
import { readMessages } from "./messages.ts";
import { type CompletionsParts, ORIGIN } from "./parts.ts";
import { readSettings } from "./settings.ts";

const MAX_MODEL_CHARACTERS = 256;

/** A request for a completion, as it is understood. */
export type CompletionRequest = {
  readonly ask: AskModelOnce;
  /** The messages that were sent, without what an agent adds. */
  readonly messages: readonly PromptMessage[];
  /** Null: the answer is one JSON body. */
  readonly stream: { readonly hasUsage: boolean } | null;
  /** How many answers. */
  readonly choices: number;
  /** Whether the completion itself is kept, so that it can be got and listed. */
  readonly isStored: boolean;
  readonly metadata: Metadata;
  /** The agent that the model is; null: none. */
  readonly agent: Agent | null;
  /** What the conversation is called in which the request is to be kept; null: it is to be kept in none. */
  readonly conversation: string | null;
};

/** @throws OpenAiError, naming the field */
export async function readRequest(
  { agents }: Pick<CompletionsParts, "agents">,
  owner: Owner,
  given: unknown,
  headers: IncomingHttpHeaders,
): Promise<CompletionRequest> {
  const body = fieldsOf(given);
  const named = required(body.string("model", { min: 1, max: MAX_MODEL_CHARACTERS }), "model");
  const items = required(body.list("messages", { min: 1 }), "messages");
  const settings = readSettings(body, given as JsonFields);
  const temperature = body.number("temperature", { min: 0, max: 2 }) ?? null;
  const isStream = body.boolean("stream") ?? false;
  const hasUsage = body.object("stream_options")?.boolean("include_usage") ?? false;
  const isStored = body.boolean("store") ?? false;
  const metadata = metadataIn(body) ?? {};
  body.string("user");
  const conversation = conversationNameIn(headers, body, metadata)?.name ?? null;
  const messages = await readMessages(items);
  const agent = await agentNamed(agents, owner, named);
  return {
    ask: {
      messages: agent ? [...instructionsOf(agent), ...messages] : messages,
      model: agent ? agent.model : named,
      temperature: temperature ?? agent?.temperature ?? null,
      settings,
      origin: ORIGIN,
    },
    messages,
    stream: isStream ? { hasUsage } : null,
    choices: settings.choices ?? 1,
    isStored,
    metadata,
    agent,
    conversation,
  };
}

const instructionsOf = ({ instructions }: Agent): readonly PromptMessage[] =>
  instructions === "" ? [] : [{ role: "system", content: instructions }];
