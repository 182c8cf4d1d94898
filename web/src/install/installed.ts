import { useSyncExternalStore } from "react";
import { APP_PATH } from "../settings.ts";

/** What Chromium offers where the page can be installed. */
type InstallOffer = Event & { prompt(): Promise<unknown> };

let offer: InstallOffer | null = null;
const listeners = new Set<() => void>();
const put = (next: InstallOffer | null): void => {
  offer = next;
  for (const listener of listeners) listener();
};
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Lets the person install the page as an app; null where the browser does not offer that, or where it is one. */
export function useInstall(): (() => void) | null {
  const shown = useSyncExternalStore(subscribe, () => offer);
  if (!shown) return null;
  return () => {
    put(null);
    void shown.prompt();
  };
}

/** Registers what says that the app is offline. A page in a browser's tab does without it. */
export const registerWorker = async (): Promise<ServiceWorkerRegistration | null> => {
  const { serviceWorker } = navigator as Partial<Navigator>;
  const address = `${APP_PATH}service-worker.js`;
  return (await serviceWorker?.register(address, { scope: APP_PATH }).catch(() => null)) ?? null;
};

/** Called once, before the page is shown. */
export function watchInstallation(): void {
  addEventListener("beforeinstallprompt", (event) => {
    // Otherwise the browser shows an offer of its own, over the page.
    event.preventDefault();
    put(event as InstallOffer);
  });
  addEventListener("appinstalled", () => {
    put(null);
    void registerWorker();
  });
  if (matchMedia("(display-mode: standalone)").matches) void registerWorker();
}
