import { useEffect, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import styles from "./suggestion-list.module.css";
import type { Suggestions } from "./use-suggestions.ts";

const MAX_HEIGHT_PX = 336;
/** Of the page's header, and of the gap beside the field. */
const HEADER_PX = 64;
const GAP_PX = 16;

/** Above the field, where there is room; otherwise on the side that has more. */
function place(list: HTMLElement): void {
  const field = list.parentElement?.getBoundingClientRect();
  if (!field) return;
  const above = field.top - HEADER_PX - GAP_PX;
  const below = innerHeight - field.bottom - GAP_PX;
  const isBelow = above < Math.min(list.scrollHeight, MAX_HEIGHT_PX) && below > above;
  list.toggleAttribute("data-below", isBelow);
  list.style.maxHeight = `${Math.min(MAX_HEIGHT_PX, isBelow ? below : above)}px`;
}

/** What may be meant by what is typed, beside the field, which keeps the focus. */
export function SuggestionList({ suggestions }: { readonly suggestions: Suggestions }) {
  const { t } = useTranslation();
  const { id, isOpen, isPending, kind, found, active, take } = suggestions;
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (isOpen && list.current) place(list.current);
  }, [isOpen]);
  useEffect(() => {
    if (isOpen) list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [isOpen, active]);
  return (
    <>
      {isOpen && (
        <div
          ref={list}
          id={id}
          role="listbox"
          tabIndex={-1}
          aria-label={t(kind === "agent" ? "agents.title" : "prompts.title")}
          aria-busy={isPending || undefined}
          className={styles.list}
          // The field keeps the focus.
          onMouseDown={(event) => event.preventDefault()}
        >
          {found.map(({ key, name, note, icon: Icon }, index) => (
            <button
              key={key}
              type="button"
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === active}
              className={styles.option}
              onClick={() => take(index)}
            >
              <Icon size={17} aria-hidden />
              <span className={styles.words}>
                <span className={styles.name} dir="auto">
                  {name}
                </span>
                {note && (
                  <span className={styles.note} dir="auto">
                    {note}
                  </span>
                )}
              </span>
            </button>
          ))}
        </div>
      )}
      <span role="status" className="visually-hidden">
        {isOpen && !isPending && t("prompts.suggested", { count: found.length })}
      </span>
    </>
  );
}
