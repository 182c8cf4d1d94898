// Answers that nothing keeps, held for a while for the clients that send their request once more.
import { keyOfAnother } from "../../domain/errors.ts";
import type { Owner, Speaker } from "../../domain/principal.ts";
import type { AnswerClaim, AnswerExchange } from "../../ports/answer-exchange.ts";
import type { Clock } from "../../ports/clock.ts";
import {
  type AnswerHead,
  eventIn,
  eventLine,
  headIn,
  headLine,
  thrownLine,
} from "./answer-lines.ts";
import {
  type AnswerWatcher,
  type SharedAnswer,
  type SharedEvent,
  shareAnswer,
} from "./shared-answer.ts";
import type { AskModelOnce, StatelessTurn, Turns } from "./turn.ts";

/** How a request is known again. */
export type RepeatedAs = {
  readonly key: string;
  readonly fingerprint: string;
  /**
   * Of a client that counts its repeats and names none: what its requests of that kind have in common, whose latest
   * answer a repeat gets. Absent: the key alone names the request.
   */
  readonly series?: { readonly name: string; readonly isRepeat: boolean };
};

export type AskShared = {
  /** What the model is asked, where it has to be. */
  question(): AskModelOnce | Promise<AskModelOnce>;
  /** Null: the request cannot be known again, and its answer is nobody else's. */
  readonly repeatedAs: RepeatedAs | null;
  /**
   * Whether a client that goes away may send its request again, so that the model goes on for LINGER_MS. Otherwise it is
   * stopped at once.
   */
  readonly mayComeBack: boolean;
};

/** An answer of one model that was asked once, for one of its readers. */
export type SharedTurn = AnswerHead & {
  /** As of StatelessTurn. Of an answer that was known already it begins at its beginning. */
  follow(signal: AbortSignal): AsyncIterable<SharedEvent>;
};

export type SharedAnswers = {
  /**
   * The answer to that request: the one that is there already, on whichever replica, or a new one.
   * @throws AppError conflict where the key was used for another request, and as Turns.ask
   */
  ask(speaker: Speaker, request: AskShared): Promise<SharedTurn>;
};

/** How long an answer is held after it was asked for. */
const HELD_MS = 60_000;
const MAX_HELD = 1_000;
/** Of all answers together. */
const MAX_HELD_CHARACTERS = 32 * 1024 * 1024;
/** The clients that repeat requests wait half a second before they send one for the second time. */
const LINGER_MS = 2_000;
/** How often the replica that has an answer is looked for, before a model is asked whoever has it. */
const MAX_SEARCHES = 3;

type Begun = { readonly head: AnswerHead; readonly shared: SharedAnswer };
type Begin = () => Promise<AnswerHead & Pick<SharedTurn, "follow">>;

type Parts = {
  readonly turns: Pick<Turns, "ask">;
  readonly clock: Clock;
  /** Null: this server runs alone. */
  readonly exchange: AnswerExchange | null;
};

export function createSharedAnswers(parts: Parts): SharedAnswers {
  const { turns, clock, exchange } = parts;
  const answers = createHeld(parts);
  exchange?.serve((name, tag, signal) => {
    const held = answers.find(name, tag);
    return held && linesOf(held, signal);
  });

  /** The answer that was claimed last, on whichever replica; where there is none, one that is asked for. */
  async function latest(place: Place, ask: Begin): Promise<Begun> {
    const { name, tag, isKeyed } = place;
    let instead: AnswerClaim | null = null;
    for (let search = 0; exchange && search < MAX_SEARCHES; search++) {
      const claim: AnswerClaim | null = await exchange.claim(name, tag, instead);
      if (!claim) break;
      if (isKeyed && claim.tag !== tag) throw keyOfAnother();
      const claimed = { ...place, tag: claim.tag };
      const held =
        answers.find(name, claim.tag) ??
        (claim.isHere
          ? claim.tag === tag && answers.enter(place, ask)
          : answers.enter(claimed, () => fetched(exchange, name, claim)));
      try {
        if (held) return await held.answer;
      } catch (error) {
        if (!(error instanceof AnswerGone)) throw error;
      }
      instead = claim;
    }
    return (answers.find(name, tag) ?? answers.enter(place, ask)).answer;
  }

  function begun(place: Place, isNew: boolean, ask: Begin): Promise<Begun> {
    const { name, tag, isKeyed } = place;
    if (isKeyed) {
      const there = answers.keyed(name);
      if (there && there.tag !== tag) throw keyOfAnother();
      if (there) return there.answer;
    } else if (isNew) {
      exchange?.announce(name, tag);
      return answers.enter(place, ask).answer;
    }
    return latest(place, ask);
  }

  return {
    async ask(speaker, { question, repeatedAs, mayComeBack }) {
      const ask: Begin = async () => alone(await turns.ask(speaker, await question()), clock);
      if (!repeatedAs) return ask();
      answers.forgetOld();
      const { key, fingerprint, series } = repeatedAs;
      const place = {
        name: nameOf(speaker, series?.name ?? key),
        tag: series ? key : fingerprint,
        isKeyed: !series,
      };
      const { head, shared } = await begun(place, series?.isRepeat === false, ask);
      return { ...head, follow: (signal) => shared.read(signal, mayComeBack ? LINGER_MS : 0) };
    },
  };
}

/** The replica that had the answer has it no more. */
class AnswerGone extends Error {}

const nameOf = ({ tenantId, userId }: Owner, name: string): string =>
  JSON.stringify([tenantId, userId, name]);

/** An answer that its model gives, with its times. */
const alone = (turn: StatelessTurn, { now }: Pick<Clock, "now">): SharedTurn => ({
  ...{ id: turn.id, model: turn.model, createdAt: now() },
  async *follow(signal) {
    for await (const event of turn.follow(signal))
      yield event.type === "ended" ? { ...event, endedAt: now() } : event;
  },
});

/** An answer that another replica has. @throws AnswerGone, AppError */
async function fetched(
  exchange: AnswerExchange,
  name: string,
  claim: AnswerClaim,
): Promise<SharedTurn> {
  const leaving = new AbortController();
  const lines = exchange.follow(name, claim, leaving.signal)[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done) throw new AnswerGone();
  const head = headIn(first.value);
  return {
    ...head,
    async *follow(signal) {
      const leave = () => leaving.abort();
      signal.addEventListener("abort", leave);
      if (signal.aborted) leave();
      try {
        for (let next = await lines.next(); !next.done; next = await lines.next())
          yield eventIn(next.value);
      } finally {
        signal.removeEventListener("abort", leave);
        leave();
      }
    },
  };
}

/** What other replicas are told of an answer. */
async function* linesOf({ answer }: Held, signal: AbortSignal): AsyncGenerator<string> {
  try {
    const { head, shared } = await answer;
    yield headLine(head);
    for await (const event of shared.read(signal, 0)) yield eventLine(event);
  } catch (error) {
    if (!(error instanceof AnswerGone)) yield thrownLine(error);
  }
}

type Place = {
  /** What replicas call the answer, and what they say of it. */
  readonly name: string;
  readonly tag: string;
  /** Whether no other answer may have that name. */
  readonly isKeyed: boolean;
};

type Held = {
  readonly tag: string;
  readonly atMs: number;
  characters: number;
  readonly answer: Promise<Begun>;
};

/** The answers of this replica, in the order of their times. */
function createHeld({ clock, exchange }: Omit<Parts, "turns">) {
  const all = new Map<string, Held>();
  const nowMs = (): number => clock.now().getTime();
  const find = (name: string, tag: string): Held | null => {
    const keyed = all.get(name);
    return keyed?.tag === tag ? keyed : (all.get(name + tag) ?? null);
  };
  return {
    find,
    keyed: (name: string): Held | undefined => all.get(name),
    enter({ name, tag, isKeyed }: Place, begin: Begin): Held {
      const id = isKeyed ? name : name + tag;
      const watcher: AnswerWatcher = {
        grew(characters) {
          entry.characters += characters;
        },
        failed() {
          if (all.get(id) === entry) all.delete(id);
          exchange?.withdraw(name, tag);
        },
      };
      const entry = {
        ...{ tag, atMs: nowMs(), characters: 0 },
        answer: beginShared(begin, watcher, clock),
      };
      all.set(id, entry);
      return entry;
    },
    forgetOld(): void {
      let characters = 0;
      for (const one of all.values()) characters += one.characters;
      for (const [id, one] of all) {
        const isTooMuch = all.size > MAX_HELD || characters > MAX_HELD_CHARACTERS;
        if (!isTooMuch && nowMs() - one.atMs <= HELD_MS) return;
        characters -= one.characters;
        all.delete(id);
      }
    },
  };
}

// This function is apart so that what is held holds no request with all its messages.

async function beginShared(
  begin: Begin,
  watcher: AnswerWatcher,
  clock: Pick<Clock, "sleep">,
): Promise<Begun> {
  try {
    const { follow, ...head } = await begin();
    const stopping = new AbortController();
    const source = follow(stopping.signal)[Symbol.asyncIterator]();
    return { head, shared: shareAnswer(source, stopping, watcher, clock) };
  } catch (error) {
    watcher.failed();
    throw error;
  }
}
