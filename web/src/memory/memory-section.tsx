import type { Memory } from "@colloquy/client";
import { useQueryClient } from "@tanstack/react-query";
import { Pencil, Trash2 } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { UNDO_MS } from "../conversations/deletions.ts";
import { useSession } from "../session/session.tsx";
import { SwitchSetting } from "../settings/setting.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { FormDialog, textIn } from "../ui/form-dialog.tsx";
import { notify } from "../ui/notices.tsx";
import { TextArea, TextField } from "../ui/text-field.tsx";
import { wordsOf } from "../words-of.ts";
import styles from "./memory.module.css";
import {
  MAX_MEMORY_CHARACTERS,
  memoriesKey,
  useMemories,
  useMemorySwitch,
} from "./use-memories.ts";

/** Beyond it a label says no more than its beginning. */
const MAX_NAMED_CHARACTERS = 60;

const namedBy = ({ text }: Memory): string => {
  const characters = Array.from(text.replace(/\s+/gu, " ").trim());
  const isLong = characters.length > MAX_NAMED_CHARACTERS;
  return isLong ? `${characters.slice(0, MAX_NAMED_CHARACTERS).join("")}…` : characters.join("");
};

/** Whether models may remember the person, and everything that they remember. */
export function MemorySection() {
  const { t } = useTranslation();
  const { state, error, refetch, turn } = useMemorySwitch();
  if (error && !state)
    return (
      <p role="alert">
        {t("memory.notLoaded", { reason: wordsOf(error) })}{" "}
        <Button look="outlined" onClick={() => void refetch()}>
          {t("session.retry")}
        </Button>
      </p>
    );
  if (!state) return <p role="status">{t("session.starting")}</p>;
  return (
    <>
      {state.is_allowed ? (
        <>
          <SwitchSetting
            name={t("memory.on")}
            hint={t("memory.onHint")}
            isOn={state.is_on}
            onChange={(isOn) => void turn(isOn)}
          />
          <AddMemory />
        </>
      ) : (
        <p>{t("memory.notAllowed")}</p>
      )}
      <MemoryList />
    </>
  );
}

function AddMemory() {
  const { t } = useTranslation();
  const { client } = useSession();
  const queries = useQueryClient();
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isSaving, setSaving] = useState(false);
  const add = async () => {
    setSaving(true);
    try {
      await client.memories.create({ text: text.trim() });
      await queries.invalidateQueries({ queryKey: memoriesKey });
      setText("");
      setProblem(null);
    } catch (error) {
      setProblem(t("memory.notChanged", { reason: wordsOf(error) }));
    }
    setSaving(false);
  };
  return (
    <form
      className={styles.add}
      onSubmit={(event) => {
        event.preventDefault();
        if (!isSaving && text.trim() !== "") void add();
      }}
    >
      <TextField
        label={t("memory.label")}
        hint={t("memory.hint", { max: MAX_MEMORY_CHARACTERS })}
        value={text}
        onChange={(event) => setText(event.target.value)}
        autoComplete="off"
        required
      />
      <Button type="submit">{t("memory.add")}</Button>
      {problem && <p role="alert">{problem}</p>}
    </form>
  );
}

function MemoryList() {
  const { t } = useTranslation();
  const { memories, error, refetch, deletions } = useMemories();
  const [changed, setChanged] = useState<Memory | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const remove = (removed: readonly Memory[]) => {
    const [first] = removed;
    if (!first) return;
    const undo = deletions.delete(removed.map(({ id }) => id));
    // The button that had the focus is gone.
    list.current?.focus();
    notify({
      text:
        removed.length === 1
          ? t("memory.deleted", { text: namedBy(first) })
          : t("memory.allDeleted", { count: removed.length }),
      action: { label: t("list.undo"), run: undo },
      showMs: UNDO_MS,
    });
  };
  return (
    <>
      {error && !memories && (
        <p role="alert">
          {t("memory.notLoaded", { reason: wordsOf(error) })}{" "}
          <Button look="outlined" onClick={() => void refetch()}>
            {t("session.retry")}
          </Button>
        </p>
      )}
      {memories?.length === 0 && <p className={styles.none}>{t("memory.empty")}</p>}
      <ul ref={list} className={styles.list} aria-label={t("memory.list")} tabIndex={-1}>
        {memories?.map((memory) => (
          <li key={memory.id}>
            <p dir="auto">{memory.text}</p>
            <IconButton
              label={t("memory.change", { text: namedBy(memory) })}
              onClick={() => setChanged(memory)}
            >
              <Pencil size={16} aria-hidden />
            </IconButton>
            <IconButton
              label={t("memory.delete", { text: namedBy(memory) })}
              onClick={() => remove([memory])}
            >
              <Trash2 size={16} aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
      {memories && memories.length > 1 && (
        <Button look="outlined" onClick={() => remove(memories)}>
          <Trash2 size={16} aria-hidden /> {t("memory.deleteAll")}
        </Button>
      )}
      {changed && <ChangeMemory memory={changed} onClose={() => setChanged(null)} />}
    </>
  );
}

function ChangeMemory({
  memory,
  onClose,
}: {
  readonly memory: Memory;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const { client } = useSession();
  const queries = useQueryClient();
  return (
    <FormDialog
      title={t("memory.changeTitle")}
      onSubmit={async (form) => {
        await client.memories.replace(memory.id, { text: textIn(form, "text") ?? "" });
        await queries.invalidateQueries({ queryKey: memoriesKey });
        onClose();
      }}
      onClose={onClose}
    >
      <TextArea
        label={t("memory.text")}
        hint={t("memory.hint", { max: MAX_MEMORY_CHARACTERS })}
        name="text"
        rows={3}
        defaultValue={memory.text}
        required
        autoFocus
      />
    </FormDialog>
  );
}
