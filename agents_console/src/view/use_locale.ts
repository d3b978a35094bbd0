import { useTranslation } from "react-i18next";
import { LANGUAGES, type Language } from "../words";

/** The locale in which amounts and times are written. */
export function useLocale(): string {
  const { i18n } = useTranslation();
  return LANGUAGES[i18n.language as Language].locale;
}
