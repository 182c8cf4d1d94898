/** What one piece of work costs, as measured; processor times in µs. */
export type Costs = {
  /** A server's, for one turn without its tokens. */
  readonly turn: number;
  /** A server's, for one token to its watcher. */
  readonly token: number;
  /** A server's, for a watcher that comes back elsewhere. */
  readonly resume: number;
  /** PostgreSQL's, for one turn. */
  readonly databaseTurn: number;
  /** Redis', for one turn, and for one token that is watched from another replica. */
  readonly redisTurn: number;
  readonly redisToken: number;
  /** Until a commit is on the disk, ms. */
  readonly commitMs: number;
};

/** What is asked for. */
export type Demand = {
  readonly turnsPerSecond: number;
  readonly openStreams: number;
  readonly tokensPerTurn: number;
  readonly tokensPerSecond: number;
  /** Of the streams that are being generated, those that are watched from another replica. */
  readonly watchedElsewhere: number;
};

/** What there is. A replica and a Redis have one processor that matters; a database has some. */
export type Plan = {
  readonly replicas: number;
  readonly databases: number;
  readonly databaseProcessors: number;
  readonly redises: number;
};

/** Above this, queues grow faster than the work: the rest is for what comes in bursts and for parts that fail. */
const PLANNED_SHARE = 0.6;

/** Tokens a second that are being generated, whoever watches. */
export const tokensPerSecond = ({ turnsPerSecond, tokensPerTurn }: Demand): number =>
  turnsPerSecond * tokensPerTurn;

/** How busy each part is, of one processor of it (Little's law, no queues). */
export function sharesOf(costs: Costs, demand: Demand, plan: Plan) {
  const { turnsPerSecond, watchedElsewhere } = demand;
  const tokens = tokensPerSecond(demand);
  return {
    replica: (turnsPerSecond * costs.turn + tokens * costs.token) / 1e6 / plan.replicas,
    database:
      (turnsPerSecond * costs.databaseTurn) / 1e6 / plan.databases / plan.databaseProcessors,
    redis:
      (turnsPerSecond * costs.redisTurn + tokens * watchedElsewhere * costs.redisToken) /
      1e6 /
      plan.redises,
  };
}

/** The smallest plan that keeps every part below PLANNED_SHARE. */
export function planFor(costs: Costs, demand: Demand, databaseProcessors: number): Plan {
  const one = sharesOf(costs, demand, {
    replicas: 1,
    databases: 1,
    databaseProcessors,
    redises: 1,
  });
  const enough = (share: number) => Math.max(1, Math.ceil(share / PLANNED_SHARE));
  return {
    replicas: Math.max(2, enough(one.replica)),
    databases: enough(one.database),
    databaseProcessors,
    redises: enough(one.redis),
  };
}
