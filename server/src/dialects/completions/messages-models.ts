// The list of models for clients of the Messages API, which ask for it at the same address.
import type { FastifyRequest } from "fastify";
import { fieldsOf, invalid } from "../openai/fields.ts";
import type { ModelBody } from "./model-body.ts";

const MAX_LIMIT = 1000;
const USUAL_LIMIT = 20;

/** Whether a client of that API asks. */
export const isOfMessages = ({ headers }: Pick<FastifyRequest, "headers">): boolean =>
  headers["anthropic-version"] !== undefined;

export const messagesModel = ({ id, name, created }: ModelBody) => ({
  type: "model",
  id,
  display_name: name ?? id,
  created_at: new Date(created * 1000).toISOString(),
});

/** The page of the list that the query asks for. @throws OpenAiError */
export function messagesModelList(models: readonly ModelBody[], { query }: FastifyRequest) {
  const fields = fieldsOf(query);
  const limit = fields.string("limit") ?? String(USUAL_LIMIT);
  const isLimit = /^\d{1,4}$/.test(limit) && Number(limit) >= 1 && Number(limit) <= MAX_LIMIT;
  if (!isLimit) throw invalid("limit", `limit: a whole number from 1 to ${MAX_LIMIT}`);
  const placeOf = (name: string): number | null => {
    const id = fields.string(name);
    const at = models.findIndex((model) => model.id === id);
    if (id !== undefined && at < 0) throw invalid(name, `${name}: no model has this id`);
    return id === undefined ? null : at;
  };
  const [after, before] = [placeOf("after_id"), placeOf("before_id")];
  const count = Number(limit);
  const from = after === null ? 0 : after + 1;
  const range = models.slice(from, before ?? models.length);
  const page = before !== null && after === null ? range.slice(-count) : range.slice(0, count);
  return {
    data: page.map(messagesModel),
    has_more: range.length > page.length,
    first_id: page.at(0)?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}
