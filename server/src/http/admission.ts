import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ConnectionFacts, Credential } from "../domain/access.ts";
import type { Principal } from "../domain/principal.ts";
import { wireOfGuest } from "./guests.ts";
import { claimsOf, credentialOf } from "./request-facts.ts";
import { type OpenTicket, shownCredential } from "./shown-ticket.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Whether the body names a user other than the one who sends the request. */
    namesAnotherUser?: boolean;
    /** Whether the route watches a reply, so that a ticket in the address may replace the credential. */
    watchesReply?: boolean;
    /** Whether the route shows what a link shows. Its parameter `shareToken` is the credential. */
    readsShare?: boolean;
  }
}

type Claims = Readonly<Record<string, string | undefined>>;
type Admitted = { readonly principal: Principal };

export type AdmissionOptions<Admission extends Admitted> = {
  /** Judges the credential; gives what judges the user ids that the request claims. */
  admit(visitor: {
    readonly connection: ConnectionFacts;
    readonly credential: Credential;
    readonly requiresBearer: boolean;
    readonly watchesReply: boolean;
    readonly readsShare: boolean;
    readonly isOpenWire: boolean;
  }): Promise<(claims: Claims) => Promise<Admission>>;
  /** The wire's name for the user id in a query or a body. Not looked at where `claimsOf` is there. */
  readonly userField?: string;
  /** The user ids that a request claims, for wires on which that is neither a query's nor a body's matter. */
  claimsOf?(request: FastifyRequest): Claims;
  /** The credential that a request shows; absent: its bearer token, or the session of a page of ours. */
  credentialOf?(headers: FastifyRequest["headers"], sessionSecret: string | null): Credential;
  readonly requiresBearer: boolean;
  /** What a ticket for a reply is worth; only for wires with routes that watch one. */
  readonly openTicket?: OpenTicket;
  /** What the token of a link is worth; only for wires with a route that reads one. @throws AppError not_found */
  openShare?(token: string): Promise<Credential>;
  /** Whether AUTH_ANONYMOUS=open serves the wire to anybody. */
  readonly isOpenWire: boolean;
  /** Called for each request that is admitted. */
  onAdmitted?(reply: FastifyReply, admission: Admission): void | Promise<void>;
};

/**
 * Admits requests to the routes that are registered after this call. The credential is judged before the first
 * byte of a body is read, the user ids that the request claims once the body is known.
 */
export function admitRequests<Admission extends Admitted>(
  app: FastifyInstance,
  options: AdmissionOptions<Admission>,
): void {
  const { admit, requiresBearer, isOpenWire, openTicket, openShare, onAdmitted } = options;
  const { userField = "user_id" } = options;
  const claimed = options.claimsOf ?? ((request: FastifyRequest) => claimsOf(request, userField));
  const judged = new WeakMap<FastifyRequest, (claims: Claims) => Promise<Admission>>();
  app.addHook("onRequest", async (request) => {
    const { connection, headers } = request;
    const { watchesReply = false, readsShare = false } = request.routeOptions.config;
    const sent = (options.credentialOf ?? credentialOf)(headers, connection.sessionSecret);
    let credential = sent;
    if (watchesReply && openTicket)
      credential = await shownCredential(ticketsIn(request), sent, openTicket);
    else if (readsShare && openShare) credential = await openShare(tokenIn(request));
    judged.set(
      request,
      await admit({ connection, credential, requiresBearer, isOpenWire, watchesReply, readsShare }),
    );
  });
  app.addHook("preValidation", async (request, reply) => {
    if (wireOfGuest(request)) return;
    const claims = claimed(request);
    const { namesAnotherUser } = request.routeOptions.config;
    const admission = await judged.get(request)?.(
      namesAnotherUser ? { ...claims, [userField]: undefined } : claims,
    );
    if (!admission) throw new Error("the request was not judged");
    request.principal = admission.principal;
    await onAdmitted?.(reply, admission);
  });
}

/** Admits one request whose body is known. @throws AppError */
export async function admitOne<Admission extends Admitted>(
  request: FastifyRequest,
  reply: FastifyReply,
  options: AdmissionOptions<Admission>,
): Promise<void> {
  const { admit, requiresBearer, isOpenWire, claimsOf: claimed, onAdmitted } = options;
  const { connection, headers } = request;
  const credential = (options.credentialOf ?? credentialOf)(headers, connection.sessionSecret);
  const what = { watchesReply: false, readsShare: false };
  const visitor = { connection, credential, requiresBearer, isOpenWire, ...what };
  const admission = await (await admit(visitor))(claimed?.(request) ?? {});
  request.principal = admission.principal;
  await onAdmitted?.(reply, admission);
}

const tokenIn = ({ params }: FastifyRequest): string =>
  (params as { readonly shareToken?: string }).shareToken ?? "";

const ticketsIn = ({ query }: FastifyRequest): string[] =>
  [(query as { readonly ticket?: string | string[] }).ticket ?? []].flat();
