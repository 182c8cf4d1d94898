import type { Principal } from "../domain/principal.ts";

/** So many messages over any length of time, and so many at once after a pause. */
type Rate = { readonly perSecond: number; readonly atOnce: number };

/**
 * Of one socket. A voice client sends 20 to 100 pieces of sound a second, and at once what it recorded
 * while the connection was away.
 */
const OF_SOCKET: Rate = { perSecond: 200, atOnce: 2_000 };
/** Of all sockets of one user. */
const OF_USER: Rate = { perSecond: 1_000, atOnce: 4_000 };
/** Of all sockets of one address. */
const OF_ADDRESS: Rate = { perSecond: 2_000, atOnce: 8_000 };
/** A client that was warned and sends so many messages more is disconnected. */
const MAX_LEFT_OUT = 1_000;
const BETWEEN_TELLINGS_MS = 1_000;

export const MAX_MESSAGES_PER_SECOND = OF_SOCKET.perSecond;

/** `serve` it; leave it out and `tell` so; leave it `out`; or leave it out and `close` the socket. */
export type Verdict = "serve" | "tell" | "out" | "close";

/** Counts the messages of one socket before they are interpreted. */
export type MessageRate = {
  take(): Verdict;
  /** The socket is closed. */
  close(): void;
};

/** Counts the messages of all sockets of this server. */
export type MessageRates = {
  open(principal: Principal, address: string): MessageRate;
};

/** What may still come now. */
class Allowance {
  readonly #rate: Rate;
  #left: number;
  #countedAt = performance.now();

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#left = rate.atOnce;
  }

  leftAt(now: number): number {
    const { perSecond, atOnce } = this.#rate;
    this.#left = Math.min(this.#left + ((now - this.#countedAt) / 1000) * perSecond, atOnce);
    this.#countedAt = now;
    return this.#left;
  }

  take(): void {
    this.#left--;
  }

  isRested(): boolean {
    return this.#left >= this.#rate.atOnce / 2;
  }
}

/** That of a key, which its sockets share. */
type SharedAllowance = { readonly allowance: Allowance; close(): void };

/** One allowance for each key. It is kept until it would be full again, so that closing a socket renews nothing. */
function createSharedAllowances(rate: Rate) {
  const fullAgainMs = (rate.atOnce / rate.perSecond) * 1000;
  const shared = new Map<string, { readonly allowance: Allowance; sockets: number }>();
  return (key: string): SharedAllowance => {
    const entry = shared.get(key) ?? { allowance: new Allowance(rate), sockets: 0 };
    shared.set(key, entry);
    entry.sockets++;
    return {
      allowance: entry.allowance,
      close() {
        entry.sockets--;
        if (entry.sockets > 0) return;
        setTimeout(() => {
          if (entry.sockets === 0 && shared.get(key) === entry) shared.delete(key);
        }, fullAgainMs).unref();
      },
    };
  };
}

/** @param shared whether the sockets of a user, and of an address, share one rate */
export function createMessageRates(shared: {
  readonly ofUser: boolean;
  readonly ofAddress: boolean;
}): MessageRates {
  const ofUser = createSharedAllowances(OF_USER);
  const ofAddress = createSharedAllowances(OF_ADDRESS);
  return {
    open: ({ tenantId, userId }, address) =>
      new SocketRate([
        ...(shared.ofUser ? [ofUser(JSON.stringify([tenantId, userId]))] : []),
        ...(shared.ofAddress ? [ofAddress(address)] : []),
      ]),
  };
}

class SocketRate implements MessageRate {
  readonly #shared: readonly SharedAllowance[];
  readonly #allowances: readonly Allowance[];
  #leftOut = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(shared: readonly SharedAllowance[]) {
    this.#shared = shared;
    this.#allowances = [new Allowance(OF_SOCKET), ...shared.map(({ allowance }) => allowance)];
  }

  take(): Verdict {
    const now = performance.now();
    if (this.#allowances.every((allowance) => allowance.leftAt(now) >= 1)) {
      for (const allowance of this.#allowances) allowance.take();
      if (this.#allowances.every((allowance) => allowance.isRested())) this.#leftOut = 0;
      return "serve";
    }
    this.#leftOut++;
    if (this.#leftOut > MAX_LEFT_OUT) return "close";
    if (now - this.#toldAt < BETWEEN_TELLINGS_MS) return "out";
    this.#toldAt = now;
    return "tell";
  }

  close(): void {
    for (const one of this.#shared) one.close();
  }
}
