import i18next from "i18next";
import { wordsFor } from "../../words";

/**
 * What a reason's code means: one of ours, a call's outcome, a lead's state with its reason (`resting: no_answer`), or
 * a limit that only the rule set knows, by its id there.
 */
export function reasonWords(reason: string): string {
  const [state, why] = reason.split(": ", 2);
  if (state !== undefined && why !== undefined) return `${find(state) ?? state} · ${find(why) ?? why}`;
  return find(reason) ?? i18next.t("why.limit", { code: reason });
}

function find(code: string): string | null {
  for (const group of ["obstacle", "outcome"] as const)
    if (i18next.exists(`${group}.${code}`)) return wordsFor(group, code);
  return null;
}
