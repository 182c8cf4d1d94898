import { type Account, type Client, ColloquyError, createClient } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";
import { API_BASE_URL } from "../settings.ts";
import { forgetKey, NO_KEY, storedKey, storeKey } from "./credential.ts";

/** Somebody is in: with a key, or without one on a server that nobody has claimed. */
export type Session = {
  readonly client: Client;
  readonly account: Account;
  /** Null: in without a key. */
  readonly key: string | null;
  signOut(): void;
};

export type SessionState =
  | { readonly kind: "starting" }
  | { readonly kind: "in"; readonly session: Session }
  /** A key is wanted; `refusal` is why the last one was not taken. */
  | { readonly kind: "signed_out"; readonly refusal: string | null; signIn(key: string): void }
  | { readonly kind: "unreachable"; readonly reason: string; retry(): void };

const SessionContext = createContext<Session | null>(null);

export const SessionProvider = SessionContext.Provider;

/** For everything inside the signed-in page. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession is for what stands inside SessionProvider");
  return session;
}

export function useSessionState(): SessionState {
  const queries = useQueryClient();
  const [key, setKey] = useState(storedKey);
  const [attempt, setAttempt] = useState(0);
  const [state, setState] = useState<SessionState>({ kind: "starting" });

  const change = useCallback(
    (next: string | null) => {
      if (next) storeKey(next);
      else forgetKey();
      queries.clear();
      setKey(next);
      setAttempt((count) => count + 1);
    },
    [queries],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt is what starts it again
  useEffect(() => {
    const leaving = new AbortController();
    const client = createClient({ baseUrl: API_BASE_URL, token: key ?? NO_KEY });
    setState({ kind: "starting" });
    client.account({ signal: leaving.signal }).then(
      (account) =>
        setState({
          kind: "in",
          session: { client, account, key, signOut: () => change(null) },
        }),
      (error: unknown) => {
        if (leaving.signal.aborted) return;
        const reason = error instanceof Error ? error.message : String(error);
        const status = error instanceof ColloquyError ? error.status : null;
        if (status === 401 || status === 403)
          setState({ kind: "signed_out", refusal: key ? reason : null, signIn: change });
        else
          setState({ kind: "unreachable", reason, retry: () => setAttempt((count) => count + 1) });
      },
    );
    return () => leaving.abort();
  }, [key, attempt, change]);

  return state;
}

/** The frame around the page: whoever is in sees the children. */
export function SessionGate({
  state,
  children,
}: {
  readonly state: SessionState;
  readonly children: ReactNode;
}) {
  return state.kind === "in" ? (
    <SessionProvider value={state.session}>{children}</SessionProvider>
  ) : null;
}
