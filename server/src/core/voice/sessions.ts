import { AppError } from "../../domain/errors.ts";
import { type Speaker, speakerOf } from "../../domain/principal.ts";
import { checkName } from "../../domain/text.ts";
import type { NewId } from "../../ports/clock.ts";
import type { TurnTarget } from "../../ports/store.ts";
import type { Conversations } from "../conversations.ts";
import type { Capabilities, OnOutput } from "./outputs.ts";
import type { SessionParts, Speech, VoiceSession } from "./parts.ts";
import { HOW_TO_HEAR } from "./recordings.ts";
import { createVoiceSession } from "./session.ts";

export type StartSession = {
  readonly capabilities: Capabilities;
  /** Of the person, as a tag such as `de-AT`; null: not known. */
  readonly language: string | null;
  /** A stored conversation to go on with; null: a new one. */
  readonly conversationId: string | null;
  /** The wire's name. */
  readonly origin: string;
  /** Asked before each turn. @throws AppError rate_limited */
  readonly admitTurn: () => Promise<void>;
  /** The name by which the client knows the session. */
  readonly sessionId: string;
};

export type StartedSession = {
  readonly session: VoiceSession;
  readonly sessionId: string;
  readonly capabilities: Capabilities;
  /** Shown by the same user, it takes the session up again after its connection dropped. */
  readonly resumeToken: string;
  readonly hearing: HearingState;
};

/** Whether people can be heard and answered aloud; `problem` says in words what is missing. */
export type HearingState =
  | { readonly canHear: true }
  | { readonly canHear: false; readonly problem: string };

/** The connection that a session has at the moment. */
export type SessionClient = {
  readonly output: OnOutput;
  /** The first output of the connection. */
  welcome(started: StartedSession): void;
  /** Another connection of the same user has taken the session over. */
  taken(): void;
};

export type VoiceSessions = {
  /** @throws AppError not_found, invalid_request, unavailable */
  start(owner: Speaker, options: StartSession, client: SessionClient): Promise<StartedSession>;
  /** The connection dropped: the session waits to be taken up again. */
  lose(started: StartedSession): void;
  /**
   * @throws AppError not_found when that session is over, was never the owner's, or is that of a key with
   * other models
   */
  resume(owner: Speaker, resumeToken: string, client: SessionClient): StartedSession;
  /** The session is over. */
  end(started: StartedSession): void;
  /** Ends every session, those that wait for their client too. */
  close(): void;
};

export type VoiceSessionsParts = SessionParts & {
  readonly conversations: Pick<Conversations, "draft" | "get">;
  readonly newId: NewId;
};

/** How long a session waits for its client. */
const RESUMABLE_MS = 60_000;

const NO_RECOGNISER = `No speech recogniser is installed, so speech cannot be understood yet; typed text (text_input) is answered. ${HOW_TO_HEAR}`;

type Live = {
  readonly owner: Speaker;
  readonly started: StartedSession;
  /** Null while its connection is lost. */
  client: SessionClient | null;
  /** Set while its connection is lost. */
  expiring: AbortController | null;
};

export function createVoiceSessions(parts: VoiceSessionsParts): VoiceSessions {
  const { conversations, clock, newId, speech } = parts;
  const live = new Map<string, Live>();

  const end = ({ session, resumeToken }: StartedSession) => {
    live.get(resumeToken)?.expiring?.abort();
    live.delete(resumeToken);
    session.end();
  };

  return {
    async start(owner, { conversationId, sessionId, ...asked }, client) {
      const { capabilities, origin } = asked;
      if (conversationId !== null) {
        checkName(conversationId, "conversation_id");
        await conversations.get(owner, conversationId);
      }
      // The first reply does not wait for what speaks it; what is wrong is told then.
      speech.synthesizer?.ready().catch(() => {});
      const hearing = await hearingOf(speech);
      const conversation = conversations.draft(origin);
      const target: TurnTarget =
        conversationId === null
          ? { kind: "new", conversation }
          : { kind: "existing", conversationId };
      const session = createVoiceSession(
        parts,
        {
          ...asked,
          owner: speakerOf(owner),
          target,
          canHear: hearing.canHear,
          conversationId: conversationId ?? conversation.id,
        },
        client.output,
      );
      const resumeToken = `resume_${newId()}${newId()}`;
      const started = { session, sessionId, capabilities, resumeToken, hearing };
      if (hearing.canHear) speech.transcriber?.expect?.(live.size + 1);
      live.set(resumeToken, {
        owner: speakerOf(owner),
        started,
        client,
        expiring: null,
      });
      client.welcome(started);
      return started;
    },
    lose(started) {
      const found = live.get(started.resumeToken);
      if (!found) return;
      found.client = null;
      const expiring = new AbortController();
      found.expiring = expiring;
      started.session.lose();
      clock.sleep(RESUMABLE_MS, expiring.signal).then(
        () => end(started),
        () => {},
      );
    },
    resume(owner, resumeToken, client) {
      const found = live.get(resumeToken);
      const isOwners =
        found?.owner.tenantId === owner.tenantId &&
        found.owner.userId === owner.userId &&
        String(found.owner.models) === String(owner.models);
      if (!found || !isOwners)
        throw new AppError(
          "not_found",
          "This session has ended and cannot be resumed. Start a new one; conversation_id goes on with the same conversation",
          { field: "resume_token" },
        );
      const { session } = found.started;
      found.expiring?.abort();
      if (found.client) {
        found.client.taken();
        session.lose();
      }
      found.client = client;
      client.welcome(found.started);
      session.regain(client.output);
      return found.started;
    },
    end,
    close() {
      for (const { started } of [...live.values()]) end(started);
    },
  };
}

async function hearingOf({ transcriber, detector }: Speech): Promise<HearingState> {
  if (!transcriber) return { canHear: false, problem: NO_RECOGNISER };
  try {
    await Promise.all([transcriber.ready(), detector.ready()]);
    return { canHear: true };
  } catch {
    return {
      canHear: false,
      problem: `The speech recogniser ${transcriber.name} does not work now. Typed text (text_input) is answered; try again later, or tell whoever runs this server`,
    };
  }
}
