import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { BrowserEntry } from "../../core/access/browser-entry.ts";
import type { SignIn } from "../../core/access/sign-in.ts";
import { AppError } from "../../domain/errors.ts";
import { knownAddress } from "../../http/own-address.ts";
import { Type } from "../../http/schema.ts";
import {
  isOwnPage,
  isSecureAddress,
  SESSION_COOKIE,
  sessionSecretIn,
  setCookie,
} from "../../http/session-cookie.ts";
import type { EntryOptions } from "./entry-options.ts";

const tags = ["sign-in"];

const Shown = Type.Object({
  secret: Type.String({ maxLength: 128, description: "What the link ends with." }),
});

const Attempt = Type.Object({
  ...Shown.properties,
  attempt: Type.Optional(
    Type.String({
      pattern: "^[\\w-]{43}$",
      description:
        "256 random bits as base64url, which the browser keeps to itself. The same ones again within 10 minutes give the same session.",
    }),
  ),
});

const Offer = Type.Object(
  {
    invited_by: Type.String({ description: "Who invites; empty: the operator has not said it." }),
    is_operator: Type.Boolean(),
    session_days: Type.Integer({ description: "How long the person stays signed in." }),
    expires_at: Type.String({ format: "date-time" }),
  },
  { title: "InvitationOffer" },
);

const LeftAtProvider = Type.Object(
  {
    provider_logout: Type.String({
      description:
        "Where the person signs out at the provider, which then leads back to the web app.",
    }),
  },
  { title: "LeftAtProvider" },
);

const DAY_MS = 24 * 3_600_000;

/** Getting in by an invitation, and signing out. Only a page of this server does either. */
export function browserRoutes(
  plain: FastifyInstance,
  entry: BrowserEntry,
  signIn: Pick<SignIn, "wayOut"> | null,
  options: EntryOptions,
): void {
  const { publicOrigin, count } = options;
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();
  const isSecure = ({ headers }: FastifyRequest) => isSecureAddress(headers, publicOrigin);
  const checkPage = ({ raw }: FastifyRequest) => {
    if (!isOwnPage(raw, publicOrigin))
      throw new AppError(
        "forbidden",
        "Only a page of this server can accept an invitation. Open its link in a browser, over https unless the server is on the same machine",
      );
  };

  // A link in a message is opened by programs that look at it, too. So nothing happens before a person presses a button.
  app.post(
    "/sign-in/invitation",
    {
      onRequest: count,
      schema: {
        tags,
        summary: "See what an invitation offers, without accepting it",
        description:
          "An invitation that was accepted, has expired, was revoked or never was one is 404, with one and the same answer.",
        security: [],
        body: Shown,
        response: { 200: Offer },
      },
    },
    async (request, reply) => {
      checkPage(request);
      const offered = await entry.look(request.body.secret);
      return reply.send({
        invited_by: offered.invitedBy,
        is_operator: offered.isOperator,
        session_days: Math.round(offered.sessionMs / DAY_MS),
        expires_at: offered.expiresAt.toISOString(),
      });
    },
  );

  app.post(
    "/sign-in/invitation/accept",
    {
      onRequest: count,
      schema: {
        tags,
        summary: "Accept an invitation, once: gives this browser a session",
        security: [],
        body: Attempt,
      },
    },
    async (request, reply) => {
      checkPage(request);
      const { address } = request.connection;
      const { secret: shown, attempt = null } = request.body;
      const { secret, expiresAt } = await entry.accept(shown, address, attempt);
      const maxAgeSeconds = Math.floor((expiresAt.getTime() - Date.now()) / 1000);
      const lifetime = { maxAgeSeconds, isSecure: isSecure(request) };
      return reply
        .code(204)
        .header("set-cookie", setCookie(SESSION_COOKIE, secret, lifetime))
        .send();
    },
  );

  app.post(
    "/sign-in/end",
    {
      schema: {
        tags,
        summary: "End the session of this browser",
        description:
          "204, or 200 where the person may still be signed in at the provider, with the address at which that is ended.",
        security: [],
        response: { 200: LeftAtProvider, 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const secret = sessionSecretIn(request.raw, publicOrigin);
      if (secret === null)
        throw new AppError("forbidden", "Only a signed-in page of this server can sign out");
      const ended = await entry.end(secret);
      const forgotten = { maxAgeSeconds: 0, isSecure: isSecure(request) };
      reply.header("set-cookie", setCookie(SESSION_COOKIE, "", forgotten));
      const returnTo = knownAddress(request, "/app/", options);
      const wayOut = ended && returnTo && signIn ? await signIn.wayOut(ended, returnTo) : null;
      if (wayOut === null) return reply.code(204).send(null);
      return reply.send({ provider_logout: wayOut });
    },
  );
}
