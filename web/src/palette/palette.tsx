import {
  Combobox,
  ComboboxGroup,
  ComboboxGroupLabel,
  ComboboxItem,
  ComboboxList,
  ComboboxProvider,
} from "@ariakit/react/combobox";
import { Dialog } from "@ariakit/react/dialog";
import { snippetParts } from "@colloquy/client";
import { Search, X } from "lucide-react";
import { useEffect, useLayoutEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../ui/button.tsx";
import { coverPage } from "../ui/covered.ts";
import { openerNow } from "../ui/opener.ts";
import type { Choice } from "./choice.ts";
import { useChoices } from "./choices.tsx";
import styles from "./palette.module.css";
import { typedAhead } from "./typed-ahead.ts";

/** One field for everything: conversations, what was said, actions, models, agents, settings. */
export default function Palette({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  useEffect(() => () => void typedAhead(), []);
  const [opener] = useState(openerNow);
  const { groups, isSearching } = useChoices(typed.trim());
  useLayoutEffect(coverPage, []);
  return (
    <Dialog
      open
      onClose={onClose}
      aria-label={t("palette.title")}
      backdrop={<div className={styles.backdrop} />}
      className={styles.palette}
      finalFocus={opener?.isConnected ? opener : null}
    >
      <ComboboxProvider open value={typed} setValue={setTyped}>
        <div className={styles.find}>
          <Search size={18} aria-hidden />
          <Combobox
            autoFocus
            // No letter comes between.
            onFocus={() => {
              const ahead = typedAhead();
              if (ahead) setTyped(ahead);
            }}
            autoSelect="always"
            aria-label={t("palette.title")}
            placeholder={t("palette.placeholder")}
            maxLength={1000}
          />
          <IconButton label={t("ui.close")} className={styles.close} onClick={onClose}>
            <X size={18} aria-hidden />
          </IconButton>
        </div>
        <ComboboxList className={styles.options} aria-label={t("palette.title")} alwaysVisible>
          {groups.map(({ name, choices }) => (
            <ComboboxGroup key={name}>
              <ComboboxGroupLabel className={styles.group}>{name}</ComboboxGroupLabel>
              {choices.map((choice) => (
                <Option
                  key={choice.key}
                  choice={choice}
                  onPick={() => {
                    onClose();
                    // Once the focus is back where it came from: another window would take that for a click beside it.
                    requestAnimationFrame(() => requestAnimationFrame(choice.run));
                  }}
                />
              ))}
            </ComboboxGroup>
          ))}
          {groups.length === 0 && !isSearching && (
            <p className={styles.none}>{t("palette.none", { words: typed.trim() })}</p>
          )}
        </ComboboxList>
      </ComboboxProvider>
      <p className={styles.foot}>
        <span>
          <kbd>↑</kbd>
          <kbd>↓</kbd> {t("palette.move")}
        </span>
        <span>
          <kbd>Enter</kbd> {t("palette.open")}
        </span>
        <span>
          <kbd>?</kbd> {t("palette.all")}
        </span>
      </p>
    </Dialog>
  );
}

function Option({ choice, onPick }: { readonly choice: Choice; readonly onPick: () => void }) {
  const { icon, name, isSnippet, note, keys } = choice;
  return (
    <ComboboxItem
      className={styles.option}
      focusOnHover
      hideOnClick={false}
      setValueOnClick={false}
      onClick={onPick}
    >
      {icon}
      <span className={`${styles.name} fade-end`} dir="auto">
        {isSnippet
          ? snippetParts(name).map(({ text, isMatch }, index) =>
              // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place in the snippet
              isMatch ? <mark key={index}>{text}</mark> : <span key={index}>{text}</span>,
            )
          : name}
      </span>
      {note && <span className={styles.note}>{note}</span>}
      {keys && (
        <span className={styles.keys}>
          {keys.map((key) => (
            <kbd key={key}>{key}</kbd>
          ))}
        </span>
      )}
    </ComboboxItem>
  );
}
