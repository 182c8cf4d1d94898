import i18next from "i18next";
import { useEffect, useSyncExternalStore } from "react";
import { APP_PATH } from "../settings.ts";
import { registerWorker } from "./installed.ts";

const STORED_AS = "colloquy.notifications";
/** An answer that came sooner was waited for. */
const LONG_MS = 10_000;

const listeners = new Set<() => void>();
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

const isPossible = (): boolean => "Notification" in globalThis && isSecureContext;

const isOn = (): boolean =>
  isPossible() && Notification.permission === "granted" && localStorage.getItem(STORED_AS) === "on";

/** Whether the person is told of long answers; null where the browser cannot do it. */
export const useLongAnswers = (): boolean | null =>
  useSyncExternalStore(subscribe, () => (isPossible() ? isOn() : null));

/** By a person's act alone. @returns whether it is on now: browsers let the person refuse it */
export async function setLongAnswers(wanted: boolean): Promise<boolean> {
  if (wanted && (await Notification.requestPermission()) === "granted") {
    localStorage.setItem(STORED_AS, "on");
    // Phones show notifications through the worker alone.
    await registerWorker();
  } else localStorage.removeItem(STORED_AS);
  for (const listener of listeners) listener();
  return isOn();
}

/** Tells of answers that took long and were not looked at. It never shows what was said. */
export function createLongAnswers(open: (path: string) => void) {
  const startedAt = new Map<string, number>();
  const show = async (conversationId: string): Promise<void> => {
    const text = i18next.t("notify.done");
    const path = `c/${conversationId}`;
    const options = { tag: conversationId, icon: `${APP_PATH}icons/app-192.png`, data: { path } };
    const workers = (navigator as Partial<Navigator>).serviceWorker;
    const registration = await workers?.getRegistration(APP_PATH);
    if (registration?.active) return registration.showNotification(text, options);
    const shown = new Notification(text, options);
    shown.onclick = () => {
      window.focus();
      shown.close();
      open(`/${path}`);
    };
  };
  return {
    note(conversationId: string, step: "started" | "ended"): void {
      const now = Date.now();
      if (step === "started") return void startedAt.set(conversationId, now);
      const since = startedAt.get(conversationId) ?? now;
      startedAt.delete(conversationId);
      const isSeen = document.visibilityState === "visible" && document.hasFocus();
      if (now - since >= LONG_MS && !isSeen && isOn()) void show(conversationId).catch(() => {});
    },
  };
}

/** Goes where a notification leads that the worker has shown. */
export function useNotificationPath(open: (path: string) => void): void {
  useEffect(() => {
    const { serviceWorker } = navigator as Partial<Navigator>;
    const onMessage = ({ data }: MessageEvent) => {
      if (data?.type === "open" && typeof data.path === "string") open(`/${data.path}`);
    };
    serviceWorker?.addEventListener("message", onMessage);
    return () => serviceWorker?.removeEventListener("message", onMessage);
  }, [open]);
}
