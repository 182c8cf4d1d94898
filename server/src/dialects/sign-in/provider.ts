import type { FastifyInstance, FastifyRequest } from "fastify";
import type { SignIn } from "../../core/access/sign-in.ts";
import { AppError } from "../../domain/errors.ts";
import { SignInError, type SignInFailure } from "../../domain/sign-in-error.ts";
import { ownAddress } from "../../http/own-address.ts";
import { acceptStreams, bodyPieces } from "../../http/raw-body.ts";
import { Type } from "../../http/schema.ts";
import {
  cookieIn,
  cookieName,
  isSecureAddress,
  SESSION_COOKIE,
  setCookie,
} from "../../http/session-cookie.ts";
import type { EntryOptions } from "./entry-options.ts";

const MEMORY_COOKIE = "colloquy-sign-in";
/** How long somebody may take at the provider. */
const MEMORY_SECONDS = 600;
const MAX_LOGOUT_BYTES = 64 * 1024;
/** A place within the web app: it leads nowhere else, whatever it says. */
const PLACE = /^(?:[\w-]{1,64}(?:\/[\w-]{1,64}){0,3})?$/;
const SEE_OTHER = 303;
const tags = ["sign-in"];

type Memory = {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly place: string;
};

/** Signing in by the operator's provider: people are sent there, come back with a code, and get a session in a cookie. */
export function providerRoutes(
  app: FastifyInstance,
  signIn: SignIn,
  { publicOrigin, basePath, count }: EntryOptions,
): void {
  const isSecure = ({ headers }: FastifyRequest) => isSecureAddress(headers, publicOrigin);

  /** Where the provider sends people back. @throws AppError unavailable */
  const redirectUri = (request: FastifyRequest): string =>
    ownAddress(request, "/sign-in/callback", { publicOrigin, basePath });

  app.get(
    "/sign-in/start",
    {
      onRequest: count,
      schema: {
        tags,
        summary: "Send a browser to the provider",
        security: [],
        querystring: Type.Object({
          to: Type.Optional(
            Type.String({ description: "The place in the web app to come back to." }),
          ),
        }),
      },
    },
    async (request, reply) => {
      const { to = "" } = request.query as { readonly to?: string };
      try {
        const { address, memory } = await signIn.begin(redirectUri(request));
        const place = PLACE.test(to) ? to : "";
        const kept = Buffer.from(JSON.stringify({ ...memory, place })).toString("base64url");
        const lifetime = { maxAgeSeconds: MEMORY_SECONDS, isSecure: isSecure(request) };
        return reply
          .header("set-cookie", setCookie(MEMORY_COOKIE, kept, lifetime))
          .redirect(address, SEE_OTHER);
      } catch (error) {
        return reply.redirect(`../app/?sign-in=${failureOf(error)}`, SEE_OTHER);
      }
    },
  );

  app.get(
    "/sign-in/callback",
    {
      onRequest: count,
      schema: { tags, summary: "Take a browser back from the provider", security: [] },
    },
    async (request, reply) => {
      const secure = isSecure(request);
      const forget = setCookie(MEMORY_COOKIE, "", { maxAgeSeconds: 0, isSecure: secure });
      const memory = memoryOf(cookieIn(request.headers, cookieName(MEMORY_COOKIE, secure)));
      const fail = (failure: SignInFailure) =>
        reply.header("set-cookie", forget).redirect(`../app/?sign-in=${failure}`, SEE_OTHER);
      if (!memory) return fail("expired");
      const answer = new URLSearchParams(request.url.split("?", 2)[1] ?? "");
      try {
        const { secret, expiresAt } = await signIn.finish(answer, memory, redirectUri(request));
        const maxAgeSeconds = Math.floor((expiresAt.getTime() - Date.now()) / 1000);
        const session = setCookie(SESSION_COOKIE, secret, { maxAgeSeconds, isSecure: secure });
        return reply
          .header("set-cookie", [session, forget])
          .redirect(`../app/${memory.place}`, SEE_OTHER);
      } catch (error) {
        return fail(failureOf(error));
      }
    },
  );

  void app.register(async (scope) => {
    acceptStreams(scope);
    logoutRoute(scope, signIn);
  });
}

/** Where the provider says that somebody has signed out there (OpenID Connect Back-Channel Logout 1.0). */
function logoutRoute(app: FastifyInstance, signIn: SignIn): void {
  app.post(
    "/sign-in/logout",
    {
      schema: {
        tags,
        summary: "Take word of the provider that somebody has signed out",
        consumes: ["application/x-www-form-urlencoded"],
        security: [],
      },
      bodyLimit: MAX_LOGOUT_BYTES,
    },
    async (request, reply) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      for await (const piece of bodyPieces(request)) {
        bytes += piece.length;
        if (bytes > MAX_LOGOUT_BYTES) throw new AppError("too_large", "The form is too large");
        pieces.push(piece);
      }
      const form = new URLSearchParams(Buffer.concat(pieces).toString("utf8"));
      const token = form.get("logout_token");
      if (!token || !(await signIn.endByProvider(token)))
        throw new AppError("invalid_request", "Send a valid logout_token of the provider");
      return reply.code(200).send();
    },
  );
}

/** @throws what is no failure to sign in */
function failureOf(error: unknown): SignInFailure {
  if (error instanceof SignInError) return error.failure;
  if (error instanceof AppError && error.code === "unavailable") return "unavailable";
  throw error;
}

function memoryOf(kept: string | null): Memory | null {
  if (kept === null) return null;
  try {
    const memory: unknown = JSON.parse(Buffer.from(kept, "base64url").toString("utf8"));
    if (typeof memory !== "object" || memory === null) return null;
    const { state, nonce, verifier, place } = memory as Record<string, unknown>;
    const texts = [state, nonce, verifier, place].map((text) => typeof text === "string");
    return texts.every(Boolean) && PLACE.test(String(place)) ? (memory as Memory) : null;
  } catch {
    return null;
  }
}
