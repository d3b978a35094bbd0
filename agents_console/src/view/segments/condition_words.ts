import i18next from "i18next";
import type { Schemas } from "../../api/client";
import { formatNumber } from "../../format/amounts";
import { wordsFor } from "../../words";

type Conditions = Schemas["ConditionsView"];
type Condition = Schemas["ConditionView"];

/** A code of a field in words: a stage, a promise's state, an outcome. */
export function codeWords(field: Condition["field"], code: string): string {
  if (field === "stage") return wordsFor("stage", code);
  if (field === "promise") return wordsFor("caseState", code);
  return field === "last_outcome" ? wordsFor("outcome", code) : code;
}

/** "Días de mora al menos 31 · Saldo de la deuda como mucho 500,000 ¢": what a segment asks. */
export function conditionsInWords(conditions: Conditions | null, locale: string): string {
  if (conditions === null) return i18next.t("segments.byFiles");
  const joined = conditions.conditions
    .map((each) =>
      [wordsFor("segmentField", each.field), wordsFor("segmentTest", each.test), valueInWords(each, locale)]
        .filter(Boolean)
        .join(" "),
    )
    .join(conditions.match === "all" ? " · " : " / ");
  return joined || i18next.t("segments.everybody");
}

function valueInWords({ field, value }: Condition, locale: string): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return i18next.t(value ? "yesNo.yes" : "yesNo.no");
  if (typeof value === "number") {
    const isAmount = field === "balance" || field === "total_balance";
    return isAmount ? `${formatNumber(value, locale)} ¢` : formatNumber(value, locale);
  }
  return value.map((code) => codeWords(field, code)).join(", ");
}
