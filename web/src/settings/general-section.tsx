import i18next from "i18next";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { chooseLanguage, LANGUAGE_NAMES, type Language } from "../i18n/index.ts";
import { Button } from "../ui/button.tsx";
import { notify } from "../ui/notices.tsx";
import { useWindows } from "../ui/windows.tsx";
import { Setting, SwitchSetting } from "./setting.tsx";
import styles from "./settings.module.css";
import { areSingleKeysOn, setSingleKeys } from "./single-keys.ts";
import { chooseTheme, storedTheme, THEMES } from "./theme.ts";

/** What this browser keeps of how one likes the page. */
export function GeneralSection() {
  const { t } = useTranslation();
  const { open } = useWindows();
  const [theme, setTheme] = useState(storedTheme);
  const [isOn, setOn] = useState(areSingleKeysOn);
  const id = useId();
  const choose = (language: Language) =>
    chooseLanguage(language).catch(() => {
      const [, name] = LANGUAGE_NAMES.find(([known]) => known === language) ?? [];
      notify({ text: t("settings.languageNotLoaded", { language: name }), isProblem: true });
    });
  const themeNames = {
    system: t("settings.system"),
    light: t("settings.light"),
    dark: t("settings.dark"),
  };
  return (
    <>
      <Setting id={`${id}-theme`} name={t("settings.theme")} hint={t("settings.themeHint")}>
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset has a legend inside, and this name stands beside it */}
        <div className={styles.segments} role="group" aria-labelledby={`${id}-theme`}>
          {THEMES.map((name) => (
            <Button
              key={name}
              look="plain"
              aria-pressed={name === theme}
              onClick={() => {
                chooseTheme(name);
                setTheme(name);
              }}
            >
              {themeNames[name]}
            </Button>
          ))}
        </div>
      </Setting>
      <Setting
        id={`${id}-language`}
        name={t("settings.language")}
        hint={t("settings.languageHint")}
      >
        <select
          className={styles.select}
          aria-labelledby={`${id}-language`}
          aria-describedby={`${id}-language-hint`}
          value={i18next.language}
          onChange={(event) => void choose(event.target.value as Language)}
        >
          {LANGUAGE_NAMES.map(([language, name]) => (
            <option key={language} value={language} lang={language}>
              {name}
            </option>
          ))}
        </select>
      </Setting>
      <SwitchSetting
        name={t("settings.singleKeys")}
        hint={t("settings.singleKeysHint")}
        isOn={isOn}
        onChange={(isNowOn) => {
          setSingleKeys(isNowOn);
          setOn(isNowOn);
        }}
      />
      <Setting name={t("shortcuts.title")}>
        <Button look="outlined" onClick={() => open("shortcuts")}>
          {t("settings.shortcutsShow")}
        </Button>
      </Setting>
    </>
  );
}
