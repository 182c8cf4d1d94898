import { BookMarked, Bot, type LucideIcon, Settings2, X } from "lucide-react";
import { type KeyboardEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { useRecentAgents } from "../../agents/use-recent-agents.ts";
import { usePrompts } from "../../prompts/use-prompts.ts";
import { mayTrigger, type Trigger, triggerAt } from "./trigger.ts";

/** A line of the list. */
export type Suggestion = {
  readonly key: string;
  readonly name: string;
  readonly note?: string | undefined;
  readonly icon: LucideIcon;
  /** @param trigger what was typed for it, which goes */
  readonly take: (trigger: Trigger) => void;
};

const MAX_SHOWN = 50;
const MAX_NOTE_CHARACTERS = 100;

export type Suggestions = ReturnType<typeof useSuggestions>;

/** Completes what is typed in the field: prompts behind `/` at its beginning, agents behind `@`. */
export function useSuggestions({
  text,
  agentId,
  onPrompt,
  onAgent,
  onLeave,
}: {
  readonly text: string;
  readonly agentId: string | null;
  readonly onPrompt: (trigger: Trigger, text: string) => void;
  readonly onAgent: (trigger: Trigger, agentId: string | null) => void;
  /** What was typed for the list goes, because another page is shown. */
  readonly onLeave: (trigger: Trigger) => void;
}) {
  const { t } = useTranslation();
  const [location, navigate] = useLocation();
  const id = useId();
  const [caret, setCaret] = useState<number | null>(null);
  const [isFocused, setFocused] = useState(false);
  /** The trigger that Escape has closed the list of. */
  const [closed, setClosed] = useState<string | null>(null);
  const [place, setPlace] = useState(0);
  const trigger = caret === null || !mayTrigger(text) ? null : triggerAt(text, caret);
  const triggerKey = trigger && `${trigger.kind} ${trigger.from}`;
  if (triggerKey !== closed && closed !== null) setClosed(null);
  const wanted = isFocused && triggerKey !== closed ? trigger : null;
  const prompts = usePrompts(wanted?.kind === "prompt");
  const agents = useRecentAgents();

  const all = (): readonly Suggestion[] => {
    if (wanted?.kind === "agent")
      return agents.map(({ id: agent, name, instructions }) => ({
        key: agent,
        name,
        note: noteOf(instructions),
        icon: Bot,
        take: (typed) => onAgent(typed, agent),
      }));
    return (prompts.data ?? []).map(({ id: prompt, name, text: words }) => ({
      key: prompt,
      name,
      note: noteOf(words),
      icon: BookMarked,
      take: (typed) => onPrompt(typed, words),
    }));
  };
  const found = wanted ? fitting(all(), wanted.words).slice(0, MAX_SHOWN) : [];
  const leave = (path: string) => (typed: Trigger) => {
    onLeave(typed);
    navigate(path, { state: { from: location } });
  };
  if (wanted?.words === "" && wanted.kind === "agent" && agents.length > 0) {
    if (agentId !== null)
      found.push({
        key: "none",
        name: t("agents.none"),
        icon: X,
        take: (typed) => onAgent(typed, null),
      });
    found.push({ key: "+", name: t("agents.manage"), icon: Settings2, take: leave("/agents") });
  }
  if (wanted?.words === "" && wanted.kind === "prompt")
    found.push({
      key: "+",
      name: t("prompts.manage"),
      note: prompts.data?.length === 0 ? t("prompts.empty") : undefined,
      icon: Settings2,
      take: leave("/settings/prompts"),
    });
  const isPending =
    wanted?.kind === "prompt" && prompts.isPending && prompts.fetchStatus !== "idle";
  const isOpen = wanted !== null && (found.length > 0 || isPending);
  const active = Math.min(place, found.length - 1);

  const take = (index: number): void => {
    const suggestion = found[index];
    setPlace(0);
    if (wanted && suggestion) suggestion.take(wanted);
  };
  /** Whether the key does something to the list; the field does not get it then. */
  const use = (key: string): boolean => {
    if (key === "ArrowDown") setPlace((active + 1) % Math.max(1, found.length));
    else if (key === "ArrowUp") setPlace((active - 1 + found.length) % Math.max(1, found.length));
    else if (key === "Enter" || key === "Tab") take(active);
    else if (key === "Escape") setClosed(triggerKey);
    else return false;
    return true;
  };
  return {
    id,
    isOpen,
    isPending,
    kind: wanted?.kind ?? null,
    found,
    active,
    take,
    /** Whether the list has used the key. */
    onKey(event: KeyboardEvent): boolean {
      const isPlain = !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
      if (!isOpen || !isPlain || !use(event.key)) return false;
      event.preventDefault();
      event.stopPropagation();
      return true;
    },
    /** To be told whenever the text or the caret may have changed. */
    note(field: HTMLTextAreaElement): void {
      setPlace(0);
      setCaret(mayTrigger(field.value) ? field.selectionStart : null);
    },
    setFocused,
    field: {
      "aria-autocomplete": "list",
      "aria-haspopup": "listbox",
      "aria-controls": isOpen ? id : undefined,
      "aria-activedescendant": isOpen && found.length > 0 ? `${id}-${active}` : undefined,
    } as const,
  };
}

const noteOf = (text: string): string => text.slice(0, MAX_NOTE_CHARACTERS).replaceAll(/\s+/g, " ");

/** Those with all the words in name or note; a name that begins with what was typed comes first. */
function fitting(all: readonly Suggestion[], typed: string): Suggestion[] {
  const sought = typed.toLowerCase();
  const words = sought.split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...all];
  const begins = ({ name }: Suggestion) => name.toLowerCase().startsWith(sought);
  const fit = all.filter(({ name, note = "" }) => {
    const text = `${name} ${note}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return [...fit.filter(begins), ...fit.filter((one) => !begins(one))];
}
