import { useTranslation } from "react-i18next";
import { formatNumber } from "../../format/amounts";
import { formatClock } from "../../format/times";
import { useLocale } from "../use_locale";
import type { Coming } from "./coming";

/** One time of a plan in a sentence; clocks are those of the plan's own zone. */
export function ComingLine({ coming, now_ms }: { coming: Coming; now_ms: number }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const { plan } = coming;
  const clock = (at_ms: number) => formatClock(at_ms, locale, plan.zone);
  const begun = coming.begins_ms <= now_ms;
  const said = {
    n: formatNumber(coming.agents, locale),
    of: formatNumber(coming.of, locale),
    rate: formatNumber(plan.per_hour ?? 0, locale, 1),
    at: clock(coming.begins_ms),
    until: clock(coming.ends_ms),
    reason: plan.reason,
  };
  if (plan.per_hour != null) return <>{t(begun ? "staffing.callsNow" : "staffing.calls", said)}</>;
  return <>{t(begun ? "staffing.gone" : "staffing.leaves", said)}</>;
}
