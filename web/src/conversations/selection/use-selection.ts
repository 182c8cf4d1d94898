import { useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { dateLocale } from "../../i18n/index.ts";
import { notify } from "../../ui/notices.tsx";

/** As many as one request may name. More than that are not selected, and a notice says so. */
export const MAX_SELECTED = 1_000;

const NONE: ReadonlySet<string> = new Set();

/** Rows that are chosen to do something with all of them. */
export type Selection = {
  readonly ids: ReadonlySet<string>;
  /** Selects the row or takes it out; `isRange`: selects all from the row that was chosen last to this one. */
  toggle(id: string, isRange?: boolean): void;
  /** Selects these in addition. */
  add(ids: readonly string[]): void;
  clear(): void;
};

/** @param order the ids that can be selected, as they are shown; one that goes is no longer selected */
export function useSelection(order: readonly string[]): Selection {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState(NONE);
  const last = useRef<string | null>(null);
  const ids = useMemo(() => {
    if (chosen.size === 0) return NONE;
    return new Set(order.filter((id) => chosen.has(id)));
  }, [chosen, order]);

  const choose = (wanted: ReadonlySet<string>) => {
    if (wanted.size > MAX_SELECTED)
      notify({ text: t("selection.most", { number: MAX_SELECTED.toLocaleString(dateLocale()) }) });
    setChosen(wanted.size > MAX_SELECTED ? new Set([...wanted].slice(0, MAX_SELECTED)) : wanted);
  };
  return {
    ids,
    toggle(id, isRange = false) {
      const from = last.current === null ? -1 : order.indexOf(last.current);
      const to = order.indexOf(id);
      if (isRange && from >= 0 && to >= 0) {
        const range = order.slice(Math.min(from, to), Math.max(from, to) + 1);
        return choose(new Set([...ids, ...range]));
      }
      last.current = id;
      const others = new Set(ids);
      choose(others.delete(id) ? others : others.add(id));
    },
    add: (added) => choose(new Set([...ids, ...added])),
    clear() {
      last.current = null;
      setChosen(NONE);
    },
  };
}
