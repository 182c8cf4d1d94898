import { type Account, type Client, ColloquyError, createClient } from "@colloquy/client";
import { forgetKey, NO_KEY, storedKey, storeKey } from "./credential.ts";
import {
  endBrowserSession,
  HAS_SESSIONS,
  type ProviderFailure,
  takeProviderFailure,
} from "./provider.ts";
import { forgetUserData, personOf } from "./user-data.ts";
import { watchedFetch } from "./watched-fetch.ts";

/** Somebody is in: with a key, or without one on a server that nobody has claimed. */
export type Session = {
  readonly client: Client;
  readonly account: Account;
  /** Null: in without a key, by a session of the browser or on a server that nobody has claimed. */
  readonly key: string | null;
  /** Whether there is something to sign out of: a key, or a session. */
  readonly isSignedIn: boolean;
  /** Goes on with another key, without leaving the page. @throws ColloquyError where the server refuses it */
  changeKey(key: string): Promise<void>;
  /** Ends the session, forgets the key and everything of this person in this browser, in its other tabs too. */
  signOut(): void;
};

/** Why a key is asked for; the reasons are the server's own words. */
export type SignInCause =
  | { readonly kind: "first_visit" }
  /** Somebody has signed out here, and may still be signed in at the provider. */
  | { readonly kind: "left"; readonly wayOut: string }
  /** The provider has sent somebody back without signing in. */
  | { readonly kind: "provider"; readonly failure: ProviderFailure }
  | { readonly kind: "refused"; readonly reason: string }
  /** Somebody was in, and the key is not good any more. */
  | { readonly kind: "ended"; readonly reason: string }
  /** Somebody was in without a key, and the server was claimed meanwhile. */
  | { readonly kind: "claimed" }
  /** Nobody has claimed the server, and this is not its own machine. */
  | { readonly kind: "unclaimed"; readonly reason: string };

export type SessionState =
  | { readonly kind: "starting" }
  | { readonly kind: "in"; readonly session: Session }
  | {
      readonly kind: "signed_out";
      readonly cause: SignInCause;
      signIn(key: string, staysSignedIn: boolean): void;
    }
  | { readonly kind: "unreachable"; readonly reason: string; retry(): void };

export type SessionKeeper = {
  state(): SessionState;
  subscribe(listener: () => void): () => void;
  /** Until `close`. */
  open(): void;
  close(): void;
};

const TRY_AGAIN_MS = 5000;

export type SessionEvents = {
  /** Somebody has left, or another person comes: nothing of whoever was in may stay on this page. */
  onLeave(): void;
  /** The key is good, but the browser could not keep it. */
  onKeyNotKept(): void;
  /** The server could not be told to end the session. */
  onNotSignedOut(): void;
};

export function createSessionKeeper(baseUrl: string, events: SessionEvents): SessionKeeper {
  const listeners = new Set<() => void>();
  let state: SessionState = { kind: "starting" };
  /** What runs for an earlier attempt has no say any more. */
  let attempt = new AbortController();
  let tabs: BroadcastChannel | null = null;
  /** Whoever was in last, by a key that may be refused by now. */
  let lastUser: string | null = null;
  /** Where whoever has just signed out here signs out at the provider. */
  let wayOut: string | null = null;
  const failure = takeProviderFailure();
  let isTold = failure === null;

  const change = (next: SessionState): void => {
    state = next;
    for (const listener of listeners) listener();
  };
  const anew = (): AbortSignal => {
    attempt.abort();
    attempt = new AbortController();
    return attempt.signal;
  };
  const askForKey = (cause: SignInCause): void => {
    change({ kind: "signed_out", cause, signIn: (key, stays) => void enter(key, stays) });
  };

  /** Whose key it is; its client tells when it is refused later on. */
  const introduce = async (key: string | null, signal: AbortSignal): Promise<Session> => {
    let isIn = false;
    const fetch = watchedFetch((reason) => {
      if (!isIn || signal.aborted) return;
      anew();
      void forgetKey(key);
      const isUnclaimed = key === null && !HAS_SESSIONS;
      askForKey(isUnclaimed ? { kind: "claimed" } : { kind: "ended", reason });
    });
    const client = createClient({
      baseUrl,
      token: key ?? (HAS_SESSIONS ? "" : NO_KEY),
      fetch,
    });
    const account = await client.account({ signal });
    const user = personOf(account);
    if (lastUser !== null && lastUser !== user) events.onLeave();
    lastUser = user;
    wayOut = null;
    isIn = true;
    const isSignedIn = key !== null || HAS_SESSIONS;
    return { client, account, key, isSignedIn, changeKey, signOut };
  };

  /** Whoever cannot be remembered, as in a private window or on a full disk, is in all the same. */
  const remember = (key: string, staysSignedIn: boolean): Promise<void> =>
    storeKey(key, staysSignedIn).catch(events.onKeyNotKept);

  /** @param staysSignedIn null: the key is where it was */
  async function enter(key: string | null, staysSignedIn: boolean | null): Promise<void> {
    const signal = anew();
    change({ kind: "starting" });
    try {
      const session = await introduce(key, signal);
      if (key !== null && staysSignedIn !== null) await remember(key, staysSignedIn);
      if (!signal.aborted) change({ kind: "in", session });
    } catch (error) {
      if (!signal.aborted) await refused(key, staysSignedIn, error, signal);
    }
  }

  async function refused(
    key: string | null,
    staysSignedIn: boolean | null,
    error: unknown,
    signal: AbortSignal,
  ): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    const status = error instanceof ColloquyError ? error.status : null;
    const isOfKey = error instanceof ColloquyError && error.code === "INVALID_OPTION";
    if (status === 401 || status === 403 || isOfKey) {
      await forgetKey(key);
      if (key !== null) return askForKey({ kind: "refused", reason });
      if (status === 403) return askForKey({ kind: "unclaimed", reason });
      if (wayOut !== null) return askForKey({ kind: "left", wayOut });
      if (isTold || failure === null) return askForKey({ kind: "first_visit" });
      isTold = true;
      return askForKey({ kind: "provider", failure });
    }
    const retry = () => void enter(key, staysSignedIn);
    change({ kind: "unreachable", reason, retry });
    const timer = setTimeout(retry, TRY_AGAIN_MS);
    signal.addEventListener("abort", () => clearTimeout(timer));
  }

  async function changeKey(key: string): Promise<void> {
    const signal = anew();
    const session = await introduce(key, signal);
    await remember(key, false);
    if (!signal.aborted) change({ kind: "in", session });
  }

  /** @param user who is to leave; another one stays */
  const leave = async (user: string): Promise<void> => {
    if (state.kind !== "in" || personOf(state.session.account) !== user) return;
    const { key, account } = state.session;
    anew();
    change({ kind: "starting" });
    await forgetKey(key);
    // The page that is being left may still write down what was not sent.
    await new Promise((resolve) => setTimeout(resolve));
    forgetUserData(account);
    events.onLeave();
    void enter(null, null);
  };
  async function leaveAll(): Promise<void> {
    if (state.kind !== "in") return;
    const { account, key } = state.session;
    if (key === null)
      try {
        wayOut = await endBrowserSession();
      } catch {
        return events.onNotSignedOut();
      }
    const user = personOf(account);
    tabs?.postMessage(user);
    await leave(user);
  }
  const signOut = (): void => void leaveAll();

  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    open() {
      tabs = new BroadcastChannel("colloquy:session");
      tabs.onmessage = ({ data }) => void leave(data);
      const signal = anew();
      void storedKey().then((key) => {
        if (!signal.aborted) void enter(key, null);
      });
    },
    close() {
      attempt.abort();
      tabs?.close();
    },
  };
}
