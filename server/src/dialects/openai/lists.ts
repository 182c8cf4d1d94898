import type { FastifyRequest } from "fastify";
import { fieldsOf, invalid } from "./fields.ts";

/** Which part of a list is asked for. */
export type ListQuery = {
  readonly limit: number;
  readonly order: "asc" | "desc";
  /** The id after which it begins, in this order; null: the list's beginning. */
  readonly after: string | null;
};

const MAX_LISTED = 100;
const USUALLY_LISTED = 20;

/** @throws OpenAiError */
export function listQueryOf(
  { query }: Pick<FastifyRequest, "query">,
  usualOrder: ListQuery["order"],
): ListQuery {
  const fields = fieldsOf(query);
  const limit = fields.string("limit");
  if (limit !== undefined && !(/^\d{1,3}$/.test(limit) && +limit >= 1 && +limit <= MAX_LISTED))
    throw invalid("limit", `Invalid 'limit': it must be a number from 1 to ${MAX_LISTED}.`);
  return {
    limit: limit === undefined ? USUALLY_LISTED : Number(limit),
    order: fields.oneOf("order", ["asc", "desc"]) ?? usualOrder,
    after: fields.string("after") ?? null,
  };
}

/** A part of a list. @param hasMore whether something comes after it */
export const listBody = <Element extends { readonly id: string }>(
  data: readonly Element[],
  hasMore: boolean,
) => ({
  object: "list" as const,
  data,
  first_id: data[0]?.id ?? null,
  last_id: data.at(-1)?.id ?? null,
  has_more: hasMore,
});
