import type { Owner } from "../../domain/principal.ts";
import type { Questions } from "./questions.ts";
import type { ToolSignIns } from "./sign-ins.ts";
import { notFoundSource, type ToolSources } from "./sources.ts";

/** What people do about their sign-ins to sources of tools. */
export type SignInDesk = Pick<ToolSignIns, "list" | "begin" | "signOut"> & {
  /** Ends a sign-in, and goes on with the replies that wait for it, now or within a minute. @throws SignInError, AppError unavailable */
  finish(...given: Parameters<ToolSignIns["finish"]>): Promise<void>;
};

/** @param signIns null: no source wants a sign-in */
export function createSignInDesk(
  signIns: ToolSignIns | null,
  sources: ToolSources | null,
  questions: Pick<Questions, "signedIn">,
): SignInDesk | null {
  if (!signIns) return null;
  return {
    ...signIns,
    async finish(answer, browser) {
      const { owner, source, actor, isOperator } = await signIns.finish(answer, browser);
      // The person is signed in whatever happens here, and what waits on is found every minute.
      await questions.signedIn(owner, source, actor).catch(() => {});
      // Whoever comes back to the page of sources sees the tools.
      if (isOperator) await sources?.listAs(owner);
    },
  };
}

/** Where no source wants a sign-in. */
export const NO_SIGN_INS: Pick<SignInDesk, "list" | "begin" | "signOut"> = {
  list: async (_owner: Owner) => [],
  begin: async () => {
    throw notFoundSource();
  },
  signOut: async () => {
    throw notFoundSource();
  },
};
