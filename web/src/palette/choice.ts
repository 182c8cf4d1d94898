import type { ReactNode } from "react";
import { SHORTCUTS } from "../settings/shortcuts.ts";

/** Something that the palette leads to or does. */
export type Choice = {
  readonly key: string;
  readonly icon: ReactNode;
  readonly name: string;
  /** `name` has its matches marked, as the server does. */
  readonly isSnippet?: boolean;
  readonly note?: string;
  readonly keys?: readonly string[] | undefined;
  readonly run: () => void;
};

/** The keys of a shortcut; undefined: it has none. */
export const keysOf = (
  action: (typeof SHORTCUTS)[number]["action"],
): readonly string[] | undefined => SHORTCUTS.find((shortcut) => shortcut.action === action)?.keys;
