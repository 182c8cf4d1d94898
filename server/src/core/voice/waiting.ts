// What is said while a reply waits for a decision on the screen.
import type { Owner } from "../../domain/principal.ts";
import type { Clock } from "../../ports/clock.ts";
import type { TurnStore } from "../../ports/store.ts";

const NOTICES: Readonly<Record<string, string>> = {
  ar: "أحتاج إلى قرارك على الشاشة قبل أن أتابع.",
  de: "Bevor ich weitermache, brauche ich deine Entscheidung auf dem Bildschirm.",
  en: "Before I go on, I need your decision on the screen.",
  es: "Antes de seguir, necesito tu decisión en la pantalla.",
  fr: "Avant de continuer, j’ai besoin de votre décision à l’écran.",
  ja: "続ける前に、画面でのご判断が必要です。",
};
const ENGLISH = "Before I go on, I need your decision on the screen.";
/** A decision may be made on another server, so the store is asked for it. */
const LOOK_MS = 300;

/** The sentence that says that a decision is needed, in that language (a tag such as `de-AT`), or else in English. */
export function noticeIn(language: string | null): string {
  const tag = language?.toLowerCase().split(/[-_]/u, 1)[0] ?? "";
  return (Object.hasOwn(NOTICES, tag) ? NOTICES[tag] : undefined) ?? ENGLISH;
}

/** Resolves when the reply waits no more, or is gone, or when the signal is aborted. Never rejects. */
export async function decided(
  { store, clock }: { readonly store: Pick<TurnStore, "replySteps">; readonly clock: Clock },
  owner: Owner,
  replyId: string,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(LOOK_MS, signal).catch(() => {});
    if (signal.aborted) return;
    const steps = await store.replySteps(owner, replyId).catch(() => ({ isParked: true }));
    if (!steps?.isParked) return;
  }
}
