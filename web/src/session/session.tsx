import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import i18next from "i18next";
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";
import { API_BASE_URL, APP_PATH } from "../settings.ts";
import { closeNotices, notify } from "../ui/notices.tsx";
import { createSessionKeeper, type Session, type SessionState } from "./session-keeper.ts";

export type { Session, SessionState } from "./session-keeper.ts";

const SessionContext = createContext<Session | null>(null);

const SessionProvider = SessionContext.Provider;

/** For everything inside the signed-in page. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession is for what stands inside SessionProvider");
  return session;
}

const CONVERSATIONS = `${APP_PATH}c/`;

/** What this page has of somebody: what was loaded, said and shown, and in its address the conversation. */
function forgetShown(queries: QueryClient): void {
  queries.clear();
  closeNotices();
  if (location.pathname.startsWith(CONVERSATIONS)) history.replaceState(null, "", APP_PATH);
}

export function useSessionState(): SessionState {
  const queries = useQueryClient();
  const [keeper] = useState(() =>
    createSessionKeeper(API_BASE_URL, {
      onLeave: () => forgetShown(queries),
      onNotSignedOut: () => notify({ text: i18next.t("session.notSignedOut"), isProblem: true }),
      onKeyNotKept: () => notify({ text: i18next.t("session.keyNotKept"), isProblem: true }),
    }),
  );
  useEffect(() => {
    keeper.open();
    return keeper.close;
  }, [keeper]);
  return useSyncExternalStore(keeper.subscribe, keeper.state);
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
