import { APP_PATH } from "../settings.ts";

/** The token in the address of a shared conversation; null: the page is another one. */
export function sharedToken(path: string): string | null {
  const match = path.startsWith(APP_PATH) && /^shared\/([\w-]+)$/.exec(path.slice(APP_PATH.length));
  return match ? (match[1] ?? null) : null;
}
