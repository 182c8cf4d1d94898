import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import en from "./en.json";

/** Each language is a file here and a line below; only English comes with the first load. */
const LANGUAGES = {
  en: { name: "English", load: async () => en },
  de: { name: "Deutsch", load: async () => (await import("./de.json")).default },
  fr: { name: "Français", load: async () => (await import("./fr.json")).default },
  es: { name: "Español", load: async () => (await import("./es.json")).default },
  ja: { name: "日本語", load: async () => (await import("./ja.json")).default },
  ar: { name: "العربية", load: async () => (await import("./ar.json")).default },
} as const;

export type Language = keyof typeof LANGUAGES;

export const LANGUAGE_NAMES: readonly (readonly [Language, string])[] = (
  Object.keys(LANGUAGES) as Language[]
).map((language) => [language, LANGUAGES[language].name] as const);

const STORED_AS = "colloquy.language";

const isLanguage = (value: string | null | undefined): value is Language =>
  value !== null && value !== undefined && Object.hasOwn(LANGUAGES, value);

/** The chosen language as the browser's own region speaks it ("en-GB"), for dates and times. */
export const dateLocale = (): string =>
  navigator.languages.find((locale) => locale.split("-")[0] === i18next.language) ??
  i18next.language;

/** What was chosen here before, else the first that the browser asks for and we have. */
function preferredLanguage(): Language {
  const stored = localStorage.getItem(STORED_AS);
  if (isLanguage(stored)) return stored;
  for (const wanted of navigator.languages) {
    const language = wanted.split("-")[0];
    if (isLanguage(language)) return language;
  }
  return "en";
}

async function switchTo(language: Language): Promise<void> {
  i18next.addResourceBundle(language, "translation", await LANGUAGES[language].load());
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  document.documentElement.dir = i18next.dir(language);
}

export async function chooseLanguage(language: Language): Promise<void> {
  await switchTo(language);
  localStorage.setItem(STORED_AS, language);
}

export async function startTranslation(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: { translation: en } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  // English is there already, if the other one cannot be loaded.
  await switchTo(preferredLanguage()).catch(() => {});
}
