import { toAppError } from "../domain/errors.ts";
import type { Store } from "../ports/store.ts";
import type { Models } from "./models.ts";

/** The state of the services, checked anew each time. */
export type Health = {
  readonly isStoreUp: boolean;
  /** The provider of the default model answers. */
  readonly isModelUp: boolean;
  /** Speech can be understood; null: no recogniser is installed. */
  readonly isTranscriberUp: boolean | null;
  /** Text can be spoken; null: no synthesizer is installed. */
  readonly isSynthesizerUp: boolean | null;
  /** Redis answers; null: none is configured. Without it the server does its work all the same. */
  readonly isRedisUp: boolean | null;
  /** A sentence for each service that does not work. */
  readonly problems: readonly string[];
};

export type CheckHealth = () => Promise<Health>;

const MODEL_PATIENCE_MS = 3000;

type SpeechState = {
  /** Resolves if the engine works, or has not been used yet. @throws AppError unavailable */
  ready(): Promise<void>;
} | null;

export type SpeechHealth = {
  readonly transcriber: SpeechState;
  readonly synthesizer: SpeechState;
};

export function createHealthCheck(
  store: Pick<Store, "ping">,
  models: Pick<Models, "check">,
  speech: SpeechHealth,
  isRedisUp: (() => boolean) | null,
): CheckHealth {
  return async () => {
    const problems: string[] = [];
    const works = (attempt: Promise<unknown>): Promise<boolean> =>
      attempt.then(
        () => true,
        (error: unknown) => {
          problems.push(toAppError(error).message);
          return false;
        },
      );
    const [isStoreUp, isModelUp, isTranscriberUp, isSynthesizerUp] = await Promise.all([
      works(store.ping()),
      works(models.check(AbortSignal.timeout(MODEL_PATIENCE_MS))),
      speech.transcriber && works(speech.transcriber.ready()),
      speech.synthesizer && works(speech.synthesizer.ready()),
    ]);
    return {
      isStoreUp,
      isModelUp,
      isTranscriberUp,
      isSynthesizerUp,
      isRedisUp: isRedisUp?.() ?? null,
      problems,
    };
  };
}

/** Whether everything that is installed or configured works. */
export const isHealthy = ({
  isStoreUp,
  isModelUp,
  isTranscriberUp,
  isSynthesizerUp,
}: Health): boolean =>
  isStoreUp && isModelUp && isTranscriberUp !== false && isSynthesizerUp !== false;

/** Whether the store can be read and written. */
export const createStoreCheck = (store: Pick<Store, "ping">) => (): Promise<boolean> =>
  store.ping().then(
    () => true,
    () => false,
  );
