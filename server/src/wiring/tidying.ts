import type { Store } from "../ports/store.ts";

type Forgetful = Pick<Store, "forgetIdempotencyKeys" | "forgetReplaced" | "forgetTokenUsage">;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const IDEMPOTENCY_KEPT_MS = DAY_MS;
const USAGE_KEPT_DAYS = 31;
/** How long what a message took the place of can be brought back. */
const RESTORABLE_MS = 60_000;

/** Forgets what is kept for a time only, now and until it is disposed of. @throws AppError unavailable */
export async function startTidying(store: Forgetful): Promise<Disposable> {
  await tidy(store);
  // A store that is away now is asked again an hour later.
  const tidying = setInterval(() => void tidy(store).catch(() => {}), HOUR_MS).unref();
  const forgetting = setInterval(
    () => void forgetReplaced(store).catch(() => {}),
    RESTORABLE_MS / 2,
  ).unref();
  return {
    [Symbol.dispose]() {
      clearInterval(tidying);
      clearInterval(forgetting);
    },
  };
}

async function tidy(store: Forgetful): Promise<void> {
  await forgetReplaced(store);
  await store.forgetIdempotencyKeys(new Date(Date.now() - IDEMPOTENCY_KEPT_MS));
  await store.forgetTokenUsage(Math.floor(Date.now() / DAY_MS) - USAGE_KEPT_DAYS);
}

const forgetReplaced = (store: Forgetful) =>
  store.forgetReplaced(new Date(Date.now() - RESTORABLE_MS));
