import type { FastifyInstance } from "fastify";
import type { SignInDesk } from "../../core/tools/sign-in-desk.ts";
import { AppError } from "../../domain/errors.ts";
import { SignInError, type SignInFailure } from "../../domain/sign-in-error.ts";
import { cookieIn, cookieName, isSecureAddress, TOOLS_COOKIE } from "../../http/session-cookie.ts";
import { TOOL_SIGN_IN_PATH } from "../../http/tool-sign-in-path.ts";
import type { EntryOptions } from "./entry-options.ts";

const SEE_OTHER = 303;
const MAX_CHARACTERS = 4_096;

/** Where browsers come back to from the page on which their user has signed in to a source of tools. */
export function toolRoutes(
  app: FastifyInstance,
  signIns: SignInDesk,
  { publicOrigin, count }: EntryOptions,
): void {
  app.get(
    TOOL_SIGN_IN_PATH,
    {
      onRequest: count,
      schema: {
        tags: ["sign-in"],
        summary: "Take a browser back from where its user has signed in to a source of tools",
        security: [],
      },
    },
    async (request, reply) => {
      const name = cookieName(TOOLS_COOKIE, isSecureAddress(request.headers, publicOrigin));
      const answer = new URLSearchParams(request.url.split("?", 2)[1] ?? "");
      const given = (field: string): string | null => {
        const text = answer.get(field);
        return text !== null && text.length <= MAX_CHARACTERS ? text : null;
      };
      const end = (outcome: SignInFailure | "done") =>
        reply.redirect(`../app/sources?signed-in=${outcome}`, SEE_OTHER);
      try {
        await signIns.finish(
          {
            state: given("state") ?? "",
            code: answer.has("error") ? null : given("code"),
            error: answer.get("error"),
            issuer: given("iss") ?? undefined,
          },
          cookieIn(request.headers, name),
        );
        return end("done");
      } catch (error) {
        if (error instanceof SignInError) return end(error.failure);
        if (error instanceof AppError && error.code === "unavailable") return end("unavailable");
        throw error;
      }
    },
  );
}
