import { actorOf } from "../../domain/audit.ts";
import { AppError } from "../../domain/errors.ts";
import { type Owner, ownerOf, type Principal } from "../../domain/principal.ts";
import { SignInError } from "../../domain/sign-in-error.ts";
import type { Clock } from "../../ports/clock.ts";
import type { SecretBox } from "../../ports/secret-box.ts";
import type { MintSecret } from "../../ports/secret-store.ts";
import type {
  AuthorizationMemory,
  ToolAuthorization,
  ToolTokens,
} from "../../ports/tool-authorization.ts";
import type { ToolSignInStore } from "../../ports/tool-sign-in-store.ts";
import type { SignedToken, TokensOfSource } from "../../ports/tool-sources.ts";
import { sha256Of } from "./sha256.ts";
import { notFoundSource } from "./sources.ts";

/** A source that people sign in to. */
export type SignInSource = {
  readonly label: string;
  /** Its address: what is stored for it is good for no other. */
  readonly place: string;
  readonly authorization: ToolAuthorization;
};

/** What a browser came back with from the page on which its user has signed in. */
export type SignInAnswer = {
  readonly state: string;
  /** Null: there is none, because of the error. */
  readonly code: string | null;
  /** The word for what went wrong there, as it was sent; null: nothing did. */
  readonly error: string | null;
  readonly issuer: string | undefined;
};

/** A sign-in that has ended well. */
export type SignedIn = {
  readonly owner: Owner;
  readonly source: string;
  readonly actor: string;
  readonly isOperator: boolean;
};

/** Signing in to sources of tools: what people do, and the tokens that come of it. */
export type ToolSignIns = {
  /** Each source that people sign in to, and since when this one is; null: not. @throws AppError unavailable */
  list(
    owner: Owner,
  ): Promise<readonly { readonly source: string; readonly signedInAt: Date | null }[]>;
  /**
   * @param browser what only the browser knows in which the person signs in
   * @returns the address of the page on which that is done
   * @throws AppError not_found, unprocessable (it cannot be signed in to so), unavailable
   */
  begin(
    principal: Principal,
    source: string,
    to: { readonly redirectUri: string; readonly browser: string },
  ): Promise<string>;
  /** @throws SignInError, AppError unavailable */
  finish(answer: SignInAnswer, browser: string | null): Promise<SignedIn>;
  /** False: the person was not signed in. @throws AppError not_found, unavailable */
  signOut(principal: Principal, source: string): Promise<boolean>;
  /** The tokens for one source, for its connections. */
  tokensOf(source: string): TokensOfSource;
};

/** How long somebody may take on the other page. */
const BEGUN_MS = 10 * 60_000;
/** A server that renews tokens has ended by then, or is gone. */
const RENEWAL_MS = 30_000;
const RENEWAL_LOOK_MS = 100;
/** A token that expires so soon is renewed before it is sent. */
const EARLY_MS = 20_000;
/** Who signs a person out whose token the source takes no more, as the audit log names it. */
const SOURCE = "source of tools";

type Begun = {
  readonly memory: AuthorizationMemory;
  readonly browserSha256: string;
  readonly actor: string;
  readonly isOperator: boolean;
};

export function createToolSignIns({
  store,
  box,
  clock,
  mintSecret,
  sources,
  onFailure,
}: {
  readonly store: ToolSignInStore;
  readonly box: SecretBox;
  readonly clock: Clock;
  readonly mintSecret: MintSecret;
  readonly sources: readonly SignInSource[];
  /** Told why a person who tried is not signed in, unless it was that person's own decision. */
  readonly onFailure: (source: string, why: string) => void;
}): ToolSignIns {
  const find = (label: string): SignInSource => {
    const source = sources.find((one) => one.label === label);
    if (!source) throw notFoundSource();
    return source;
  };
  const sealed = (owner: Owner, { label, place }: SignInSource, what: string, value: object) =>
    box.seal({ owner, purpose: `${what} ${label} ${place}` }, JSON.stringify(value));
  const opened = (owner: Owner, { label, place }: SignInSource, what: string, text: string) =>
    JSON.parse(box.open({ owner, purpose: `${what} ${label} ${place}` }, text));
  const tokensIn = (owner: Owner, source: SignInSource, text: string): ToolTokens =>
    opened(owner, source, TOKENS, text);

  const read = async (owner: Owner, source: SignInSource) => {
    const stored = await store.getTokens(owner, source.label);
    if (!stored) return null;
    const { version, signedInAt } = stored;
    const tokens = tokensIn(owner, source, stored.tokens);
    const signed = { token: tokens.accessToken, signIn: signedInAt.toISOString() };
    return { tokens, version, signed };
  };

  /** One server at a time renews the tokens of a person; the others wait for what it gets. */
  const renewed = async (
    owner: Owner,
    source: SignInSource,
    refused: string,
  ): Promise<SignedToken | null> => {
    const { label, authorization } = source;
    for (let waitedMs = 0; waitedMs <= RENEWAL_MS; waitedMs += RENEWAL_LOOK_MS) {
      const now = await read(owner, source);
      if (!now || now.tokens.accessToken !== refused) return now?.signed ?? null;
      const { tokens, version } = now;
      const at = clock.now();
      const until = new Date(at.getTime() + RENEWAL_MS);
      if (!(await store.claimRenewal(owner, label, { version, now: at, until }))) {
        await clock.sleep(RENEWAL_LOOK_MS);
        continue;
      }
      let fresh: ToolTokens | null;
      try {
        fresh = tokens.refreshToken === null ? null : await authorization.renew(tokens);
      } catch (error) {
        await store.endRenewal(owner, label, version);
        throw error;
      }
      if (!fresh) {
        const stamp = { at: clock.now(), actor: SOURCE };
        await store.deleteTokens(owner, label, version, stamp);
        return null;
      }
      const text = sealed(owner, source, TOKENS, fresh);
      // The token may be the same one again, and who sends it finds out whether it is taken now.
      if (await store.replaceTokens(owner, label, version, text))
        return { token: fresh.accessToken, signIn: now.signed.signIn };
      // Whoever has signed out meanwhile does not want them.
      await authorization.revoke(fresh);
    }
    throw new AppError("unavailable", "The sign-in to this source is being renewed. Try again");
  };

  return {
    async list(owner) {
      const signedIn = await store.listSignIns(ownerOf(owner));
      return sources.map(({ label }) => ({
        source: label,
        signedInAt: signedIn.find(({ source }) => source === label)?.signedInAt ?? null,
      }));
    },

    async begin(principal, label, { redirectUri, browser }) {
      const source = find(label);
      const owner = ownerOf(principal);
      const now = clock.now();
      const before = await store.begunSignIn(owner, label, now);
      const earlier = before && memoryIn(() => opened(owner, source, BEGUN, before.begun));
      const state = mintSecret();
      const { address, memory } = await source.authorization.begin({ redirectUri, state }, earlier);
      const begun: Begun = {
        memory,
        browserSha256: await sha256Of(browser),
        actor: actorOf(principal),
        isOperator: principal.isOperator,
      };
      await store.beginSignIn(owner, label, {
        stateHash: await sha256Of(state),
        begun: sealed(owner, source, BEGUN, begun),
        until: new Date(now.getTime() + BEGUN_MS),
      });
      return address;
    },

    async finish({ state, code, error, issuer }, browser) {
      const stateHash = await sha256Of(state);
      const found = await store.findBegunSignIn(stateHash, clock.now());
      const source = found && sources.find(({ label }) => label === found.source);
      if (!source) throw new SignInError("expired");
      const { owner } = found;
      const begun: Begun = opened(owner, source, BEGUN, found.begun);
      const { memory, browserSha256, actor, isOperator } = begun;
      if (browser === null || (await sha256Of(browser)) !== browserSha256)
        throw new SignInError("state");
      if (!(await store.takeBegunSignIn(owner, source.label, stateHash)))
        throw new SignInError("expired");
      if (error === DENIED) throw new SignInError("denied");
      if (code === null) {
        onFailure(source.label, error === null ? NO_CODE : `it answers '${wordIn(error)}'`);
        throw new SignInError("failed");
      }
      const tokens = await source.authorization
        .finish({ code, issuer }, memory)
        .catch((cause: unknown) => {
          const isKnown = cause instanceof AppError;
          onFailure(source.label, isKnown ? cause.message : "an unexpected error");
          const isAway = isKnown && cause.code === "unavailable";
          throw new SignInError(isAway ? "unavailable" : "failed", { cause });
        });
      const text = sealed(owner, source, TOKENS, tokens);
      await store.putTokens(owner, source.label, text, { at: clock.now(), actor });
      return { owner, source: source.label, actor, isOperator };
    },

    async signOut(principal, label) {
      const source = find(label);
      const owner = ownerOf(principal);
      for (;;) {
        const stored = await store.getTokens(owner, label);
        if (!stored) return false;
        const stamp = { at: clock.now(), actor: actorOf(principal) };
        if (!(await store.deleteTokens(owner, label, stored.version, stamp))) continue;
        let tokens: ToolTokens | null = null;
        try {
          tokens = tokensIn(owner, source, stored.tokens);
        } catch {
          // The key has been replaced, so it is no longer known what would have to be revoked.
        }
        if (tokens) await source.authorization.revoke(tokens);
        return true;
      }
    },

    tokensOf(label) {
      const source = find(label);
      return {
        async of(owner) {
          const now = await read(owner, source);
          if (!now) return null;
          const { expiresAtMs, refreshToken, accessToken } = now.tokens;
          const isOver = expiresAtMs !== null && expiresAtMs - EARLY_MS <= clock.now().getTime();
          return isOver && refreshToken !== null ? renewed(owner, source, accessToken) : now.signed;
        },
        instead: (owner, refused) => renewed(owner, source, refused),
      };
    },
  };
}

/** What the other server says where a person has refused (RFC 6749, 4.1.2.1). */
const DENIED = "access_denied";
const NO_CODE = "it answers without a code";
const MAX_WORD_CHARACTERS = 100;

/** A word of another server, for a line of the log. */
const wordIn = (text: string): string =>
  text.slice(0, MAX_WORD_CHARACTERS).replace(/[^\w.:/ -]/gu, "?");

const TOKENS = "tokens for";
const BEGUN = "sign-in to";

/** Null: it was encrypted with another key, and is not needed. */
function memoryIn(open: () => Begun): AuthorizationMemory | null {
  try {
    return open().memory;
  } catch {
    return null;
  }
}
