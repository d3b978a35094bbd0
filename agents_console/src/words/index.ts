import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "./en";
import { es, type Words } from "./es";
import { pt } from "./pt";

export type Language = "es" | "en" | "pt";
export const LANGUAGES: Record<Language, { name: string; locale: string; words: Words }> = {
  es: { name: "Español", locale: "es-419", words: es },
  en: { name: "English", locale: "en-US", words: en },
  pt: { name: "Português", locale: "pt-BR", words: pt },
};

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: Words };
  }
}

const LANGUAGE_KEY = "cadencia.language";

function readLanguage(): Language {
  const kept = localStorage.getItem(LANGUAGE_KEY);
  return kept !== null && kept in LANGUAGES ? (kept as Language) : "es";
}

/** Makes the words ready, in the language that was chosen last. Must end before the first view draws. */
export async function loadWords(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: readLanguage(),
    fallbackLng: "es",
    resources: Object.fromEntries(
      Object.entries(LANGUAGES).map(([l, { words }]) => [l, { translation: words }]),
    ),
    interpolation: { escapeValue: false }, // React escapes
  });
  document.documentElement.lang = i18next.language;
}

export function chooseLanguage(language: Language): void {
  localStorage.setItem(LANGUAGE_KEY, language);
  document.documentElement.lang = language;
  void i18next.changeLanguage(language);
}

/** Words for a code that the server chose, e.g. a refusal: one it may have learnt after this console was built. */
export function wordsFor(group: keyof Words, code: string, values: Record<string, string> = {}): string {
  const key = `${group}.${code}`;
  // The types know our keys only; the server's codes are strings.
  const translate = i18next.t as unknown as (key: string, values: Record<string, string>) => string;
  if (i18next.exists(key)) return translate(key, values);
  const other = `${group}.other`;
  return i18next.exists(other) ? translate(other, { code, ...values }) : code;
}
