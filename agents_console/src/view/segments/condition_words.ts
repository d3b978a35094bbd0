import i18next from "i18next";
import type { Schemas } from "../../api/client";
import { formatAmount, formatNumber } from "../../format/amounts";
import { wordsFor } from "../../words";

type Conditions = Schemas["ConditionsView"];
type Condition = Schemas["ConditionView"];

/** A code of a field in words: a stage, a promise's state, an outcome. */
export function codeWords(field: Condition["field"], code: string): string {
  if (field === "stage") return wordsFor("stage", code);
  if (field === "promise") return wordsFor("caseState", code);
  return field === "last_outcome" ? wordsFor("outcome", code) : code;
}

/** "Días de mora al menos 31 · Saldo de la deuda como mucho 5,000.00": what a segment asks. */
export function conditionsInWords(conditions: Conditions | null, locale: string): string {
  if (conditions === null) return i18next.t("segments.byFiles");
  const joined = conditions.conditions
    .map((each) =>
      [
        wordsFor("segmentField", each.field),
        testInWords(each),
        valueInWords(each, locale, onlyCurrency(conditions)),
      ]
        .filter(Boolean)
        .join(" "),
    )
    .join(conditions.match === "all" ? " · " : " / ");
  return joined || i18next.t("segments.everybody");
}

/** "es uno de" several, "es" of one. */
function testInWords({ test, value }: Condition): string {
  const one = Array.isArray(value) && value.length === 1;
  return wordsFor("segmentTest", one && test === "is_one_of" ? "is" : test);
}

/** The one currency that the conditions ask for, which tells what an amount's smallest unit is; null: unknown. */
export function onlyCurrency({ conditions }: Conditions): string | null {
  const asked = conditions.find(({ field, test }) => field === "currency" && test === "is_one_of")?.value;
  return Array.isArray(asked) && asked.length === 1 ? String(asked[0]) : null;
}

function valueInWords({ field, value }: Condition, locale: string, currency: string | null): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return i18next.t(value ? "yesNo.yes" : "yesNo.no");
  if (typeof value === "number") {
    const isAmount = field === "balance" || field === "total_balance";
    return isAmount ? formatAmount(value, currency, locale) : formatNumber(value, locale);
  }
  return value.map((code) => codeWords(field, code)).join(", ");
}
