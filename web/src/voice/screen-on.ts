/**
 * Keeps a phone's screen on while somebody speaks with it, where the browser can: a dark one ends the sound.
 * @returns ends it
 */
export function keepScreenOn(): () => void {
  if (!("wakeLock" in navigator)) return () => {};
  let lock: WakeLockSentinel | null = null;
  let isOver = false;
  // A page that was hidden has lost it.
  const keepOn = async () => {
    if (document.visibilityState !== "visible") return;
    lock = await navigator.wakeLock.request("screen").catch(() => null);
    if (isOver) await lock?.release();
  };
  void keepOn();
  document.addEventListener("visibilitychange", keepOn);
  return () => {
    isOver = true;
    document.removeEventListener("visibilitychange", keepOn);
    void lock?.release();
  };
}
