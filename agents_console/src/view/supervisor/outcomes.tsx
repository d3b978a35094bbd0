import { Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../api/client";
import { formatNumber, formatShare } from "../../format/amounts";
import type { CampaignLive } from "../../state/state";
import { useLocale } from "../use_locale";

type Outcome = Schemas["Outcome"];

/** Today's ended attempts by what the network said, the most frequent first. */
export function Outcomes({ outcomes }: { outcomes: CampaignLive["outcomes_today"] }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const counts = (Object.entries(outcomes) as [Outcome, number][])
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1]);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  return (
    <section aria-label={t("supervisor.outcomes")}>
      <Title order={3} size="h6" mb={8}>
        {t("supervisor.outcomes")}
      </Title>
      {total === 0 && (
        <Text size="sm" c="dimmed">
          {t("supervisor.noOutcomes")}
        </Text>
      )}
      <ul className="outcomes">
        {counts.map(([outcome, count]) => (
          <li key={outcome} data-outcome={outcome} data-testid={`outcome-${outcome}`}>
            <span className="outcome-fill" style={{ width: `${(count / total) * 100}%` }} aria-hidden />
            <span>{t(`outcome.${outcome}`)}</span>
            <span>
              {formatNumber(count, locale)}{" "}
              <Text span size="sm" c="dimmed">
                {formatShare(count / total, locale)}
              </Text>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
