import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useSession } from "../session/session.tsx";
import { wordsOf } from "../words-of.ts";

const signInsKey = ["tool-sign-ins"] as const;
/** People sign in in another tab. */
const POLL_MS = 2_000;

/** The sources of tools that this person signs in to. */
export function useSignIns() {
  const { client } = useSession();
  return useQuery({
    queryKey: signInsKey,
    queryFn: ({ signal }) => client.tools.signIns({ signal }),
    refetchOnMount: "always",
    refetchOnWindowFocus: "always",
    refetchInterval: ({ state }) => (state.data?.length === 0 ? false : POLL_MS),
  });
}

/** Signing in to a source, in a new tab, and out of it. */
export function useSignIn(source: string) {
  const { client } = useSession();
  const queries = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(wordsOf(error));
    }
    setBusy(false);
  };
  return {
    isBusy,
    problem,
    signIn() {
      // Browsers open a tab at once or not at all, and the address comes later.
      const tab = window.open("", "_blank");
      if (tab) tab.opener = null;
      return attempt(async () => {
        try {
          const url = await client.tools.signIn(source);
          if (tab) tab.location.replace(url);
          else window.location.assign(url);
        } catch (error) {
          tab?.close();
          throw error;
        }
      });
    },
    signOut: () =>
      attempt(async () => {
        await client.tools.signOut(source);
        await queries.invalidateQueries({ queryKey: signInsKey });
      }),
  };
}
