import { Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatNumber } from "../../format/amounts";
import type { CampaignLive } from "../../state/state";
import { useLocale } from "../use_locale";

const WINDOWS = ["day", "month", "campaign"] as const;

/** Abandonments that are left in each of the law's windows; the one that the cap is held over stands out. */
export function Budgets({ pacing }: { pacing: CampaignLive["pacing"] }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const lines = WINDOWS.flatMap((window) => {
    const left = pacing[`left_${window}`];
    const live = pacing[`live_${window}`];
    return typeof left === "number" && typeof live === "number" ? [{ window, left, live }] : [];
  });
  if (lines.length === 0) return null;
  return (
    <section aria-label={t("supervisor.budgets")} data-testid="budgets">
      <Title order={3} size="h6" mb={8}>
        {t("supervisor.budgets")}
      </Title>
      <dl className="figures">
        {lines.map(({ window, left, live }) => (
          <div key={window} data-binding={window === pacing.window} data-over={left < 0}>
            <dt>{t(`window.${window}`)}</dt>
            <dd data-testid={`budget-${window}`}>
              {left < 0
                ? t("supervisor.budgetOver", {
                    over: formatNumber(-left, locale, 1),
                    live: formatNumber(live, locale),
                  })
                : t("supervisor.budgetLine", {
                    left: formatNumber(left, locale, 1),
                    live: formatNumber(live, locale),
                  })}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
