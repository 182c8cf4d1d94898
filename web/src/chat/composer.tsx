import { ArrowUp, Square } from "lucide-react";
import {
  type KeyboardEvent,
  type ReactNode,
  type Ref,
  useId,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import { DictateButton } from "../dictation/dictate-button.tsx";
import type { OnWords } from "../dictation/dictation.ts";
import { useSession } from "../session/session.tsx";
import { IconButton } from "../ui/button.tsx";
import { GrowingTextArea } from "../ui/growing-text-area.tsx";
import { notify } from "../ui/notices.tsx";
import { useMedia } from "../ui/use-media.ts";
import { AgentChoice } from "./choices.tsx";
import styles from "./composer.module.css";
import { readDraft, withUnsent, writeDraft } from "./drafts.ts";
import { AttachButton } from "./files/attach-button.tsx";
import { attachedFilesOf, type FileFacts, MAX_FILES, useAttached } from "./files/attached.ts";
import { FilesToSend } from "./files/files-to-send.tsx";
import { useDroppedFiles } from "./files/use-dropped-files.ts";
import { NEW, type Unsent } from "./live/live-reply.ts";
import { SuggestionList } from "./suggest/suggestion-list.tsx";
import type { Trigger } from "./suggest/trigger.ts";
import { useGaps } from "./suggest/use-gaps.ts";
import { useSuggestions } from "./suggest/use-suggestions.ts";

/** The wire's most. */
const MAX_CHARACTERS = 100_000;

export type ComposerHandle = {
  focus(): void;
  /** Puts what was not sent before what was written since. */
  putBack(unsent: Unsent): void;
  /** What stands there belongs to that place now, which is about to be shown. */
  moveTo(place: string): void;
};

/** Where one writes: the text stays with its conversation until it is sent. */
export function Composer({
  place,
  isReplying,
  isStopping,
  isAwaited,
  onSend,
  onStop,
  onEditLast,
  agentId,
  onAgent,
  extra,
  ref,
}: {
  /** The conversation's id, or that of the new one. */
  readonly place: string;
  readonly isReplying: boolean;
  readonly isStopping: boolean;
  /** Whether a message is answered after the reply that runs. */
  readonly isAwaited: boolean;
  readonly onSend: (text: string, files: readonly FileFacts[]) => void;
  readonly onStop: () => void;
  /** With ArrowUp in the empty field. */
  readonly onEditLast: () => void;
  /** Whose instructions the reply follows. */
  readonly agentId: string | null;
  readonly onAgent: (agentId: string | null) => void;
  /** Buttons beside the one that sends. */
  readonly extra?: ReactNode;
  readonly ref: Ref<ComposerHandle>;
}) {
  const { t } = useTranslation();
  const { account, client } = useSession();
  const files = useAttached(client, place);
  const attached = attachedFilesOf(client);
  const [draft, setDraft] = useState(() => ({ place, text: readDraft(account, place) }));
  const field = useRef<HTMLTextAreaElement>(null);
  const hint = useId();
  const isTouch = useMedia("(pointer: coarse)");

  if (draft.place !== place) setDraft({ place, text: readDraft(account, place) });
  const { text } = draft;
  // What stands there, also before it is rendered: a message may come back while the next one is sent.
  const current = useRef(text);
  current.current = text;
  const put = (next: string) => {
    current.current = next;
    setDraft({ place, text: next });
    writeDraft(account, place, next);
  };

  /** Whether somebody has been in the field: before that, browsers have the caret of a draft at its beginning. */
  const hasCaret = useRef(false);
  // What is dictated belongs to the conversation that it was said to, also when that has got its address meanwhile.
  const spot = useRef({ place });
  if (spot.current.place !== place) spot.current = { place };

  useImperativeHandle(ref, () => ({
    focus: () => field.current?.focus(),
    putBack(unsent) {
      put(withUnsent(unsent.text, current.current));
      attached.putBack(place, unsent.files);
      field.current?.focus();
    },
    moveTo(next) {
      writeDraft(account, place, "");
      writeDraft(account, next, current.current);
      attached.move(place, next);
      spot.current.place = next;
    },
  }));

  // Before the page is seen: what somebody has focused since is not left again.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation is what moves the focus
  useLayoutEffect(() => {
    const isElsewhere = document.activeElement?.closest("[data-keeps-focus]");
    if (isTouch || isElsewhere || !field.current) return;
    field.current.focus({ preventScroll: true });
    // A draft that was kept is gone on with at its end.
    field.current.setSelectionRange(text.length, text.length);
  }, [place]);

  const isTooLong = text.length > MAX_CHARACTERS;
  const areFilesReady = files.every(({ stored }) => stored !== null);
  const canSend = text.trim() !== "" && !isTooLong && areFilesReady;
  const attach = (picked: readonly File[]) => {
    if (attached.add(place, picked) > 0)
      notify({ text: t("files.tooMany", { count: MAX_FILES }), isProblem: true });
    field.current?.focus();
  };
  useDroppedFiles(attach);
  const gaps = useGaps({ field, place, text });
  /** Puts words in the place of what asked for the list, with the caret behind them. */
  const replace = (typed: Trigger, words: string) => {
    const now = current.current;
    put(now.slice(0, typed.from) + words + now.slice(typed.to));
    gaps.select({ from: typed.from + words.length, to: typed.from + words.length });
  };
  const writeDictated: OnWords = (into, to) => {
    if (to !== spot.current) {
      const draft = readDraft(account, to.place);
      return writeDraft(account, to.place, into(draft, draft.length).text);
    }
    const { length } = current.current;
    const at = hasCaret.current ? (field.current?.selectionEnd ?? length) : length;
    const { text: next, end } = into(current.current, at);
    put(next);
    gaps.select({ from: end, to: end });
    // Browsers differ in whether a button that is clicked gets the focus.
    const isElsewhere = document.activeElement?.matches(":not(body, [data-dictate])");
    if (!isTouch && !isElsewhere) field.current?.focus({ preventScroll: true });
  };
  const suggestions = useSuggestions({
    text,
    agentId,
    onPrompt(typed, words) {
      replace(typed, words);
      gaps.begin(words);
    },
    onAgent(typed, picked) {
      replace(typed, "");
      onAgent(picked);
    },
    onLeave: (typed) => replace(typed, ""),
  });
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (suggestions.onKey(event) || gaps.onKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !isTouch) {
      event.preventDefault();
      send();
    }
    if (event.key === "ArrowUp" && text === "") {
      event.preventDefault();
      onEditLast();
    }
  };
  const send = () => {
    if (!canSend) return;
    put("");
    onSend(text, attached.take(place));
  };

  const placeholder = place === NEW ? "chat.placeholderFirst" : "chat.placeholder";
  const note = isTooLong
    ? { look: styles.tooLong, text: t("chat.tooLong", { count: text.length - MAX_CHARACTERS }) }
    : gaps.isFilling
      ? { look: styles.waiting, text: t("prompts.gaps") }
      : areFilesReady
        ? { look: "visually-hidden", text: t("chat.composerHint") }
        : { look: styles.waiting, text: t("files.notReady") };

  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <FilesToSend
        files={files}
        onRemove={(key) => {
          attached.remove(place, key);
          field.current?.focus();
        }}
      />
      <SuggestionList suggestions={suggestions} />
      <GrowingTextArea
        ref={field}
        className={styles.field}
        data-composer
        aria-label={t("chat.message")}
        aria-describedby={hint}
        placeholder={t(isReplying ? "chat.placeholderNext" : placeholder)}
        value={text}
        enterKeyHint={isTouch ? "enter" : "send"}
        onChange={(event) => {
          put(event.target.value);
          suggestions.note(event.target);
        }}
        onSelect={(event) => suggestions.note(event.currentTarget)}
        onFocus={() => {
          hasCaret.current = true;
          suggestions.setFocused(true);
        }}
        onBlur={() => suggestions.setFocused(false)}
        onKeyDown={onKeyDown}
        {...suggestions.field}
      />
      <div className={styles.bar}>
        <AttachButton className={styles.attach} onPick={attach} />
        <AgentChoice agentId={agentId} onPick={onAgent} />
        <span className={styles.space} />
        <DictateButton spot={spot.current} onWords={writeDictated} />
        {extra}
        {isReplying && (
          <IconButton
            label={t(isAwaited ? "chat.stopAwaited" : "chat.stop")}
            className={styles.send}
            data-stop
            disabled={isStopping}
            onClick={onStop}
          >
            <Square size={14} fill="currentColor" aria-hidden />
          </IconButton>
        )}
        {(!isReplying || text.trim() !== "") && (
          <IconButton
            label={t("chat.send")}
            type="submit"
            className={styles.send}
            disabled={!canSend}
          >
            <ArrowUp size={18} aria-hidden />
          </IconButton>
        )}
      </div>
      <p id={hint} className={note.look}>
        {note.text}
      </p>
    </form>
  );
}
