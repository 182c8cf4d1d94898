import type { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import { path } from "./transport.ts";
import type { SeenTool, ToolSignIn, ToolSource, TriedCall } from "./wire-tools.ts";

export type ToolCalls = ReturnType<typeof toolCalls>;

/** The sources of tools, which are for operators (others get FORBIDDEN), and signing in to them, which is for everybody. */
export function toolCalls(calls: Calls) {
  return {
    /** The sources that the operator has set, with their tools. */
    list: async (options: CallOptions = {}): Promise<ToolSource[]> => calls.get("/tools", options),

    /**
     * Lets models use these tools of the source as `list` gave them. Resolves with all sources. CONFLICT where one has
     * changed since: none is accepted then.
     */
    async accept(
      source: string,
      seen: readonly SeenTool[],
      options: CallOptions = {},
    ): Promise<ToolSource[]> {
      const tools = seen.map(({ name, fingerprint }) => ({ name, fingerprint }));
      return calls.create(path`/tools/${source}/accept`, { tools }, options);
    },

    /** The sources that the user signs in to. */
    signIns: async (options: CallOptions = {}): Promise<ToolSignIn[]> =>
      calls.get("/tools/sign-ins", options),

    /**
     * Begins a sign-in, and resolves with the page on which the user signs in. It must be opened in the same browser.
     * FORBIDDEN anywhere but on a page of the server itself; UNPROCESSABLE where the source cannot be signed in to.
     */
    async signIn(source: string, options: CallOptions = {}): Promise<string> {
      const { url } = await calls.create<{ readonly url: string }>(
        path`/tools/${source}/sign-in`,
        {},
        options,
      );
      return url;
    },

    /** Signs out: the source's tools ask to sign in again. */
    signOut: async (source: string, options: CallOptions = {}): Promise<void> =>
      calls.remove(path`/tools/${source}/sign-in`, options),

    /** Calls a tool once, which may take as long as a reply. It is never tried again. */
    call: async (
      source: string,
      tool: string,
      given: Readonly<Record<string, unknown>> = {},
      options: CallOptions = {},
    ): Promise<TriedCall> =>
      calls.perform(path`/tools/${source}/call`, { tool, arguments: given }, options),
  };
}
