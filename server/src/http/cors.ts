import cors, { type FastifyCorsOptions } from "@fastify/cors";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { mayRead, type OriginOptions } from "./page-origins.ts";
import type { OriginRules } from "./request-facts.ts";

const EXPOSED_HEADERS = [
  "X-Request-Id",
  "Request-Id",
  "Retry-After",
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
  "Retry-After-Ms",
  "X-Should-Retry",
  "X-Conversation-Id",
  "X-Response-Id",
  "OpenAI-Version",
  "OpenAI-Processing-Ms",
  ...["Requests", "Tokens"].flatMap((of) =>
    ["Limit", "Remaining", "Reset"].map((what) => `X-RateLimit-${what}-${of}`),
  ),
];

type Answer = (error: Error | null, options?: FastifyCorsOptions) => void;

/** Lets pages of the permitted origins read answers (CORS), and reports the other origins. */
export async function letPagesRead(
  app: FastifyInstance,
  options: OriginOptions & { readonly origins: OriginRules; readonly methods: readonly string[] },
): Promise<void> {
  const isForAll = options.origins.listed.includes("*");
  const common = {
    credentials: !isForAll,
    methods: [...options.methods],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 600,
    strictPreflight: false,
  };
  const closed = { ...common, origin: false };
  const opened = { ...common, origin: isForAll ? "*" : true };
  await app.register(cors, {
    // Most requests come from no page, and wait for nothing here.
    delegator({ headers, connection }: FastifyRequest, answer: Answer) {
      if (headers.origin === undefined) return answer(null, closed);
      if (isForAll) return answer(null, opened);
      mayRead(connection, options).then((isLetIn) => {
        if (!isLetIn) options.onRefusedOrigin(connection.originName ?? "");
        answer(null, isLetIn ? opened : closed);
      }, answer);
    },
  });
}
