// A model of the step loop with parallel calls, questions, decisions, crashes anywhere and servers that were only thought
// to be gone. The store is what was written; a write is atomic. Each `yield` is a moment at which anything may happen.

export type Rules = {
  /** A call is noted as running before it leaves the server. */
  readonly notesRunning: boolean;
  /** A reply is let go of only if none of its questions is decided by then. */
  readonly looksBeforeParking: boolean;
  /** What a server that lost the reply notes is refused. */
  readonly checksEpoch: boolean;
};
export const RULES: Rules = { notesRunning: true, looksBeforeParking: true, checksEpoch: true };

type State = "wanted" | "waiting" | "running" | "ended";
type Decision = "allow" | "decline";
type Call = { readonly isRepeatable: boolean; readonly asks: boolean };
type Stored = {
  status: "streaming" | "complete" | "interrupted";
  epoch: number;
  isParked: boolean;
  step: number;
  calls: Map<string, { state: State; attempt: number }>;
  results: Map<string, "ok" | "declined">;
  decisions: Map<string, Decision | null>;
};

const MAX_ATTEMPTS = 3;
const MAX_MOMENTS = 3000;

/** One turn to its end; gives what went wrong, and how often its servers were lost. */
export function runTurn(seed: number, rules: Rules): { problems: string[]; crashes: number } {
  const random = randomNumbers(seed);
  const chance = (of: number) => random() % of === 0;
  const steps: Call[][] = Array.from({ length: 1 + (random() % 3) }, () =>
    Array.from({ length: 1 + (random() % 4) }, () => ({
      isRepeatable: chance(2),
      asks: chance(2),
    })),
  );
  const problems: string[] = [];
  const effects = new Map<string, number>();
  const acknowledged = new Map<string, Decision>();
  const shown = new Map<string, string>();
  const db: Stored = {
    status: "streaming",
    epoch: 0,
    isParked: false,
    step: 0,
    calls: new Map(),
    results: new Map(),
    decisions: new Map(),
  };
  const callOf = (id: string): Call => steps[Number(id[0])]?.[Number(id[2])] as Call;
  const idsOf = (step: number) => (steps[step] ?? []).map((_, place) => `${step}.${place}`);

  /** A server from the moment it has the reply. */
  function* serve(epoch: number): Generator<void, void> {
    const note = (write: () => void): boolean => {
      if (db.status !== "streaming" || (rules.checksEpoch && db.epoch !== epoch)) return false;
      write();
      return true;
    };
    for (;;) {
      yield;
      const { step } = db;
      if (step >= steps.length) {
        if (db.status === "streaming") db.status = "complete";
        return;
      }
      const local = new Map(db.calls);
      const running = new Map<string, () => void>();
      for (;;) {
        yield;
        const begun: string[] = [];
        const asked: string[] = [];
        const ended: [string, "ok" | "declined"][] = [];
        for (const id of idsOf(step)) {
          const now = local.get(id) ?? { state: "wanted" as State, attempt: 0 };
          if (now.state === "ended" || running.has(id)) continue;
          const decision = db.decisions.get(id);
          if (!callOf(id).asks || decision === "allow") begun.push(id);
          else if (decision === "decline") ended.push([id, "declined"]);
          else if (!db.decisions.has(id)) asked.push(id);
        }
        for (const [id] of running) if (chance(2)) ended.push([id, "ok"]);
        if (begun.length + asked.length + ended.length > 0) {
          for (const id of begun) {
            const attempt = (local.get(id)?.attempt ?? 0) + 1;
            local.set(id, { state: rules.notesRunning ? "running" : "wanted", attempt });
          }
          for (const id of asked) local.set(id, { state: "waiting", attempt: 0 });
          for (const [id] of ended) local.set(id, { state: "ended", attempt: 1 });
          yield;
          const isNoted = note(() => {
            db.calls = new Map(local);
            for (const id of asked) db.decisions.set(id, null);
            for (const [id, outcome] of ended) db.results.set(id, outcome);
          });
          if (!isNoted) return;
          for (const [id, outcome] of ended) {
            running.delete(id);
            if ((shown.get(id) ?? outcome) !== outcome) problems.push(`${id} shown twice`);
            shown.set(id, outcome);
          }
          yield;
          for (const id of begun) {
            effects.set(id, (effects.get(id) ?? 0) + 1);
            if (callOf(id).asks && acknowledged.get(id) !== "allow")
              problems.push(`${id} was made, and nobody had allowed it`);
            running.set(id, () => {});
            yield;
          }
          continue;
        }
        if (running.size > 0) continue;
        const waiting = idsOf(step).filter((id) => local.get(id)?.state === "waiting");
        if (waiting.length === 0) break;
        const isDecided = waiting.some((id) => db.decisions.get(id) !== null);
        if (!rules.looksBeforeParking) yield;
        else if (isDecided) continue;
        note(() => {
          db.isParked = true;
        });
        return;
      }
      yield;
      const isOver = note(() => {
        db.step = step + 1;
        db.calls = new Map();
      });
      if (!isOver) return;
    }
  }

  const takeOver = (): Generator<void, void> | null => {
    db.epoch++;
    for (const [id, { state, attempt }] of db.calls)
      if (state === "running" && !(callOf(id).isRepeatable && attempt < MAX_ATTEMPTS)) {
        db.status = "interrupted";
        return null;
      }
    return serve(db.epoch);
  };
  const decide = () => {
    const open = [...db.decisions].filter(([, decision]) => decision === null);
    const [id] = open[random() % Math.max(1, open.length)] ?? [];
    if (id === undefined || db.status !== "streaming") return;
    const decision: Decision = chance(2) ? "allow" : "decline";
    db.decisions.set(id, decision);
    acknowledged.set(id, decision);
    if (!db.isParked) return;
    db.isParked = false;
    const next = takeOver();
    if (next) servers.push(next);
  };

  let crashes = 0;
  let servers = [serve(0)];
  for (let moment = 0; db.status === "streaming"; moment++) {
    if (moment > MAX_MOMENTS) {
      problems.push(db.isParked ? "it waits for nothing" : "it does not end");
      break;
    }
    if (chance(4)) decide();
    const current = servers.at(-1);
    const isStale = !db.isParked && current === undefined;
    if (isStale || (!db.isParked && chance(12))) {
      crashes++;
      // Half of them are only thought to be gone, and go on for a while.
      if (chance(2)) servers.pop();
      const next = takeOver();
      if (next) servers.push(next);
    }
    servers = servers.filter((server) => !(chance(2) && server.next().done));
  }
  for (const [id, count] of effects)
    if (count > 1 && !callOf(id).isRepeatable) problems.push(`${id} was made ${count} times`);
  for (const [id, decision] of acknowledged) {
    if (decision === "decline" && effects.has(id)) problems.push(`${id} was declined, and made`);
    const isLost = db.status === "complete" && db.results.get(id) !== OUTCOMES[decision];
    if (isLost) problems.push(`the decision about ${id} was lost`);
  }
  return { problems, crashes };
}

const OUTCOMES = { allow: "ok", decline: "declined" } as const;

function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
