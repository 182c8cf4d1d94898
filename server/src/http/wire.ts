import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { AppError } from "../domain/errors.ts";

/** How a wire says that something went wrong. */
export type ErrorReply = { readonly status: number; readonly body: unknown };

/** One published API: its routes, and its words for errors. */
export type Wire = {
  readonly name: string;
  /** Whether errors on this path are told in this wire's words, also where no route is. */
  owns(path: string): boolean;
  errorReply(error: AppError, request: Pick<FastifyRequest, "id">): ErrorReply;
  /** Before that, for every error on its paths: may add headers to the answer, and gives the error to tell. Never rejects. */
  beforeError?(error: AppError, request: FastifyRequest, reply: FastifyReply): Promise<AppError>;
  /** Registers the routes; called once. */
  routes(app: FastifyInstance): void;
};
