import type { FastifyRequest } from "fastify";
import type { BrowserEntry } from "../../core/access/browser-entry.ts";
import type { Limits } from "../../core/access/limits.ts";
import type { SignIn } from "../../core/access/sign-in.ts";
import type { SignInDesk } from "../../core/tools/sign-in-desk.ts";
import { plainErrorReply } from "../../http/plain-errors.ts";
import type { Wire } from "../../http/wire.ts";
import { browserRoutes } from "./browser.ts";
import type { EntryOptions } from "./entry-options.ts";
import { providerRoutes } from "./provider.ts";
import { toolRoutes } from "./tools.ts";

export type SignInParts = {
  /** Null: people have keys and invitations. */
  readonly signIn: SignIn | null;
  readonly browserEntry: BrowserEntry;
  /** Null: people sign in to no source of tools. */
  readonly toolSignIns: SignInDesk | null;
  readonly limits: Pick<Limits, "takeForAddress">;
  /** PUBLIC_URL's origin and path; null and "" where it is not set. */
  readonly origins: { readonly publicOrigin: string | null };
  readonly basePath?: string;
};

/** How a browser gets a session, and how it ends it. */
export function signInWire(parts: SignInParts): Wire {
  const { signIn, browserEntry, toolSignIns, limits, origins, basePath = "" } = parts;
  const options: EntryOptions = {
    publicOrigin: origins.publicOrigin,
    basePath,
    async count({ connection }: FastifyRequest) {
      await limits.takeForAddress("sign-in", connection.address);
    },
  };
  return {
    name: "sign-in",
    errorReply: plainErrorReply,
    routes(app) {
      browserRoutes(app, browserEntry, signIn, options);
      if (signIn) providerRoutes(app, signIn, options);
      if (toolSignIns) toolRoutes(app, toolSignIns, options);
    },
  };
}
