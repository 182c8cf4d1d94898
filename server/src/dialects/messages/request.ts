import type { AskModelOnce, ModelSettings } from "../../core/turns/turn.ts";
import type { Owner } from "../../domain/principal.ts";
import { agentNamed } from "../openai/agents.ts";
import { notHere } from "../openai/errors.ts";
import { type Fields, fieldsOf, invalid, required } from "../openai/fields.ts";
import { readMessages, readSystem } from "./content.ts";
import { type MessagesParts, ORIGIN } from "./parts.ts";
import { readTools } from "./tools.ts";

const MAX_MODEL_CHARACTERS = 256;
const MAX_STOPS = 64;
const MAX_MESSAGES = 100_000;

/** A request for a message, as it is understood. */
export type MessagesRequest = {
  readonly ask: AskModelOnce;
  readonly isStreamed: boolean;
  /** Whether the client wants to read what the model thinks. */
  readonly hasThoughts: boolean;
};

const INSTEAD: Readonly<Record<string, string>> = {
  mcp_servers:
    "mcp_servers: this server calls no tools of others here. Offer them as tools, and run them yourself",
  container: "container: this server runs no code. Leave it out",
};

/**
 * @param isCounted whether the request only asks how long it is, and so needs no `max_tokens`
 * @throws OpenAiError, naming the field
 */
export async function readRequest(
  { agents }: Pick<MessagesParts, "agents">,
  owner: Owner,
  given: unknown,
  isCounted = false,
): Promise<MessagesRequest> {
  const body = fieldsOf(given);
  for (const [field, instead] of Object.entries(INSTEAD))
    if (body.has(field)) throw notHere(field, instead);
  const named = required(body.string("model", { min: 1, max: MAX_MODEL_CHARACTERS }), "model");
  const asked = body.integer("max_tokens", { min: 1 });
  const maxTokens = isCounted ? asked : required(asked, "max_tokens");
  const items = required(body.list("messages", { min: 1, max: MAX_MESSAGES }), "messages");
  const temperature = body.number("temperature", { min: 0, max: 1 }) ?? null;
  const isStreamed = body.boolean("stream") ?? false;
  const settings: ModelSettings = {
    ...readTools(body),
    ...readFormat(body),
    ...readStops(body),
    ...(maxTokens !== undefined && { maxTokens }),
    ...readSampling(body),
  };
  const hasThoughts = readThinking(body);
  const system = readSystem(body);
  const messages = await readMessages(items);
  const agent = await agentNamed(agents, owner, named);
  const instructions = agent?.instructions ?? "";
  return {
    ask: {
      messages: [
        ...(instructions === "" ? [] : [{ role: "system" as const, content: instructions }]),
        ...system,
        ...messages,
      ],
      model: agent ? agent.model : named,
      temperature: temperature ?? agent?.temperature ?? null,
      settings,
      origin: ORIGIN,
    },
    isStreamed,
    hasThoughts,
  };
}

function readSampling(body: Fields): Pick<ModelSettings, "topP" | "extras"> {
  const topP = body.number("top_p", { min: 0, max: 1 });
  const topK = body.integer("top_k", { min: 0 });
  return {
    ...(topP !== undefined && { topP }),
    // A field that not every provider has: it is sent on where the operator allows it by name.
    ...(topK !== undefined && { extras: { top_k: topK } }),
  };
}

function readStops(body: Fields): Pick<ModelSettings, "stop"> {
  const stop = (body.list("stop_sequences", { max: MAX_STOPS }) ?? []).map(({ path, value }) => {
    const text = required(fieldsOf({ [path]: value }).string(path), path);
    if (/\S/u.test(text)) return text;
    throw invalid(path, `${path}: each stop sequence must contain something besides white space`);
  });
  return stop.length > 0 ? { stop } : {};
}

const THINKING = ["enabled", "adaptive", "disabled"] as const;

/** Whether the client is shown what the model thinks. */
function readThinking(body: Fields): boolean {
  const thinking = body.object("thinking");
  if (!thinking) return false;
  thinking.integer("budget_tokens");
  const type = required(thinking.oneOf("type", THINKING), thinking.at("type"));
  return type !== "disabled" && thinking.any("display") !== "omitted";
}

/** The form of the answer, in either of the places where clients put it. */
function readFormat(body: Fields): Pick<ModelSettings, "responseFormat"> {
  const format = body.object("output_config")?.object("format") ?? body.object("output_format");
  if (!format) return {};
  required(format.oneOf("type", ["json_schema"]), format.at("type"));
  const schema = required(format.json("schema"), format.at("schema"));
  return {
    responseFormat: { type: "json_schema", schema: { name: "output", schema, strict: true } },
  };
}
