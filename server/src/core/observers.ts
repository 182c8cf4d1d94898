import { type AppError, toAppError } from "../domain/errors.ts";
import type { TurnObservation, TurnObserver } from "../ports/observer.ts";

/**
 * Several observers as one that never throws. An observer that throws hinders neither the turn nor the others.
 * @param onFailure told of what was thrown
 */
export function allObservers(
  observers: readonly TurnObserver[],
  onFailure: (error: AppError) => void,
): TurnObserver {
  const tell = <Told, Result>(
    all: readonly Told[],
    call: (one: Told) => Result | undefined,
  ): readonly Result[] =>
    all.flatMap((one) => {
      try {
        const result = call(one);
        return result === undefined ? [] : [result];
      } catch (error) {
        onFailure(toAppError(error));
        return [];
      }
    });
  return {
    begin(turn) {
      const observations = tell(observers, (observer) => observer.begin(turn));
      const tellAll = (call: (observation: TurnObservation) => void) => {
        tell(observations, call);
      };
      return {
        asked: () => tellAll((observation) => observation.asked()),
        firstToken: () => tellAll((observation) => observation.firstToken()),
        called(made) {
          const calls = tell(observations, (observation) => observation.called?.(made));
          return {
            ended(outcome) {
              tell(calls, (call) => call.ended(outcome));
            },
          };
        },
        ended: (end) => tellAll((observation) => observation.ended(end)),
      };
    },
  };
}
