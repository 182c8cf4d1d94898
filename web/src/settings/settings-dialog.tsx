import i18next from "i18next";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { chooseLanguage, LANGUAGE_NAMES, type Language } from "../i18n/index.ts";
import { Dialog } from "../ui/dialog.tsx";
import { notify } from "../ui/notices.tsx";
import { SelectField } from "../ui/text-field.tsx";
import styles from "./settings.module.css";
import { areSingleKeysOn, setSingleKeys } from "./single-keys.ts";
import { chooseTheme, storedTheme, THEMES, type Theme } from "./theme.ts";

/** What this browser keeps of how one likes the page. */
export default function SettingsDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation();
  const [theme, setTheme] = useState(storedTheme);
  const [isOn, setOn] = useState(areSingleKeysOn);
  const id = useId();
  const choose = (language: Language) =>
    chooseLanguage(language).catch(() => {
      const [, name] = LANGUAGE_NAMES.find(([known]) => known === language) ?? [];
      notify({ text: t("settings.languageNotLoaded", { language: name }), isProblem: true });
    });
  return (
    <Dialog title={t("settings.title")} onClose={onClose}>
      <div>
        <SelectField
          label={t("settings.theme")}
          value={theme}
          onChange={(event) => {
            const chosen = event.target.value as Theme;
            chooseTheme(chosen);
            setTheme(chosen);
          }}
        >
          {THEMES.map((name) => (
            <option key={name} value={name}>
              {
                {
                  system: t("settings.system"),
                  light: t("settings.light"),
                  dark: t("settings.dark"),
                }[name]
              }
            </option>
          ))}
        </SelectField>
        <SelectField
          label={t("settings.language")}
          value={i18next.language}
          onChange={(event) => void choose(event.target.value as Language)}
        >
          {LANGUAGE_NAMES.map(([language, name]) => (
            <option key={language} value={language} lang={language}>
              {name}
            </option>
          ))}
        </SelectField>
        <div className={styles.check}>
          <input
            id={id}
            type="checkbox"
            checked={isOn}
            onChange={(event) => {
              setSingleKeys(event.target.checked);
              setOn(event.target.checked);
            }}
          />
          <label htmlFor={id}>{t("settings.singleKeys")}</label>
        </div>
      </div>
    </Dialog>
  );
}
