// Signing in to the sources of tools that each person signs in to.
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { NO_SIGN_INS } from "../../core/tools/sign-in-desk.ts";
import { AppError } from "../../domain/errors.ts";
import { ownAddress } from "../../http/own-address.ts";
import { Type } from "../../http/schema.ts";
import {
  cookieIn,
  cookieName,
  isOwnPage,
  isSecureAddress,
  setCookie,
  TOOLS_COOKIE,
} from "../../http/session-cookie.ts";
import { TOOL_SIGN_IN_PATH } from "../../http/tool-sign-in-path.ts";
import type { ChatV1Parts } from "./parts.ts";
import { answers, Nullable, User, UserQuery } from "./schemas.ts";

const tags = ["chat-v1"];
const Params = Type.Object({ source: Type.String() });
/** As long as somebody may take on the other page. */
const COOKIE_SECONDS = 600;

const SignInBody = Type.Object(
  {
    source: Type.String(),
    signed_in_at: Nullable(
      Type.String({ format: "date-time", description: "Null: the user is not signed in." }),
    ),
  },
  { title: "ToolSignIn" },
);
const BegunBody = Type.Object(
  { url: Type.String({ description: "The page on which the user signs in, in this browser." }) },
  { title: "ToolSignInBegun" },
);
const EndedBody = Type.Object(
  {
    source: Type.String(),
    was_signed_in: Type.Boolean({ description: "Whether there was anything to end." }),
  },
  { title: "ToolSignInEnded" },
);

export function toolSignInRoutes(
  plain: FastifyInstance,
  {
    toolSignIns,
    mintSecret,
    origins: { publicOrigin },
    basePath = "",
  }: Pick<ChatV1Parts, "toolSignIns" | "mintSecret" | "origins" | "basePath">,
): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();
  const signIns = toolSignIns ?? NO_SIGN_INS;

  app.get(
    "/v1/chat/tools/sign-ins",
    {
      schema: {
        tags,
        summary: "List the sources of tools that the user signs in to",
        querystring: UserQuery,
        response: answers(200, Type.Array(SignInBody)),
      },
    },
    async ({ principal }, reply) => {
      const list = await signIns.list(principal);
      const data = list.map(({ source, signedInAt }) => ({
        source,
        signed_in_at: signedInAt?.toISOString() ?? null,
      }));
      return reply.send({ success: true, data });
    },
  );

  app.post(
    "/v1/chat/tools/:source/sign-in",
    {
      schema: {
        tags,
        summary: "Begin to sign in to a source of tools",
        description:
          "Only for pages of this server: the sign-in must be completed in the browser in which it began. It replaces an earlier sign-in to that source that the user has not completed.",
        params: Params,
        querystring: UserQuery,
        body: Type.Object({ ...User }),
        response: answers(200, BegunBody),
      },
    },
    async (request, reply) => {
      const { principal, params, headers, raw } = request;
      if (!isOwnPage(raw, publicOrigin))
        throw new AppError(
          "forbidden",
          "Only a page of this server begins a sign-in to a source of tools. Open /app/sources in a browser",
        );
      const redirectUri = ownAddress(request, TOOL_SIGN_IN_PATH, { publicOrigin, basePath });
      const isSecure = isSecureAddress(headers, publicOrigin);
      const browser = cookieIn(headers, cookieName(TOOLS_COOKIE, isSecure)) ?? mintSecret();
      const url = await signIns.begin(principal, params.source, { redirectUri, browser });
      const lifetime = { maxAgeSeconds: COOKIE_SECONDS, isSecure };
      return reply
        .header("set-cookie", setCookie(TOOLS_COOKIE, browser, lifetime))
        .send({ success: true, data: { url } });
    },
  );

  app.delete(
    "/v1/chat/tools/:source/sign-in",
    {
      schema: {
        tags,
        summary: "Sign out of a source of tools: its tools ask to sign in again",
        params: Params,
        querystring: UserQuery,
        response: answers(200, EndedBody),
      },
    },
    async ({ principal, params: { source } }, reply) => {
      const data = { source, was_signed_in: await signIns.signOut(principal, source) };
      return reply.send({ success: true, data });
    },
  );
}
