import type { FastifyRequest } from "fastify";

export type EntryOptions = {
  /** The origin of PUBLIC_URL; null where it is not set. */
  readonly publicOrigin: string | null;
  /** The path of PUBLIC_URL; "" where it has none. */
  readonly basePath: string;
  /** Counts a request by its address: nobody is known yet who could be counted. @throws AppError rate_limited */
  count(request: FastifyRequest): Promise<void>;
};
