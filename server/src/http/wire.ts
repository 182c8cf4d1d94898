import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { AppError } from "../domain/errors.ts";
import type { ErrorReply, SocketHandler } from "./socket.ts";

export type { ErrorReply } from "./socket.ts";

/** One published API: its routes, and its words for errors. */
export type Wire = {
  /** Differs from that of every other wire. */
  readonly name: string;
  /** Tells an error on the wire's paths (wire-paths.ts), also where no route is. */
  errorReply(error: AppError, request: Pick<FastifyRequest, "id">): ErrorReply;
  /** Before that, for every error on its paths: may add headers to the answer, and gives the error to tell. Never rejects. */
  beforeError?(error: AppError, request: FastifyRequest, reply: FastifyReply): Promise<AppError>;
  /** Registers the routes, each by its exact path; called once. A path that another wire has fails the start. */
  routes(app: FastifyInstance): void;
  /** Paths on which errors are told in the wire's words, though their routes are not its own. */
  readonly otherPaths?: readonly string[];
  /** What it answers on routes of other wires. */
  readonly guests?: readonly Guest[];
  /** The wire's WebSocket, where it has one. */
  readonly socket?: SocketHandler;
};

/** A request that is one wire's by its body, on a route that another wire has. */
export type Guest = {
  readonly method: "POST";
  /** The paths of that wire's routes. */
  readonly paths: readonly string[];
  /** The bound of such a body. */
  readonly bodyLimit: number;
  isIts(body: unknown): boolean;
  /** Finds the principal, and counts the request. Its credential was judged by the route before. */
  admit(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  answer(request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
};
