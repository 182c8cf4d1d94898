import type { TurnObserver } from "../ports/observer.ts";

/** Several observers as one. */
export const allObservers = (observers: readonly TurnObserver[]): TurnObserver => ({
  begin(turn) {
    const observations = observers.map((observer) => observer.begin(turn));
    return {
      asked() {
        for (const observation of observations) observation.asked();
      },
      firstToken() {
        for (const observation of observations) observation.firstToken();
      },
      ended(end) {
        for (const observation of observations) observation.ended(end);
      },
    };
  },
});
