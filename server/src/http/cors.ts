import cors from "@fastify/cors";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { mayRead, type OriginOptions } from "./page-origins.ts";
import type { OriginRules } from "./request-facts.ts";

const EXPOSED_HEADERS = [
  "X-Request-Id",
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
  await app.register(cors, {
    delegator: async ({ headers, connection }: FastifyRequest) => {
      if (headers.origin === undefined) return { ...common, origin: false };
      if (isForAll) return { ...common, origin: "*" };
      const isLetIn = await mayRead(connection, options);
      if (!isLetIn) options.onRefusedOrigin(connection.originName ?? "");
      return { ...common, origin: isLetIn };
    },
  });
}
