const SLOTS = 8192;

/** Something to be done at a time of `performance.now()`. */
export interface Scheduled {
  dueAtMs: number;
  run(): void;
}

/** Thousands of timers at 1 ms resolution for the price of one `setTimeout`. */
export class TimerWheel {
  readonly #slots: Scheduled[][] = Array.from({ length: SLOTS }, () => []);
  #positionMs = 0;
  #waiting = 0;

  add(item: Scheduled): void {
    if (this.#waiting === 0) {
      this.#positionMs = Math.floor(performance.now());
      setTimeout(this.#tick, 1);
    }
    this.#place(item);
  }

  #place(item: Scheduled): void {
    const slot = Math.max(Math.ceil(item.dueAtMs), this.#positionMs + 1) % SLOTS;
    this.#slots[slot]?.push(item);
    this.#waiting += 1;
  }

  readonly #tick = (): void => {
    const nowMs = Math.floor(performance.now());
    while (this.#positionMs < nowMs) {
      this.#positionMs += 1;
      const slot = this.#positionMs % SLOTS;
      const due = this.#slots[slot];
      if (!due?.length) continue;
      this.#slots[slot] = [];
      this.#runDue(due);
    }
    if (this.#waiting > 0) setTimeout(this.#tick, 1);
  };

  /** Counts an item off only after it ran: what it adds finds the wheel turning. */
  #runDue(due: readonly Scheduled[]): void {
    for (const item of due) {
      if (item.dueAtMs > this.#positionMs) this.#place(item);
      else item.run();
      this.#waiting -= 1;
    }
  }
}
