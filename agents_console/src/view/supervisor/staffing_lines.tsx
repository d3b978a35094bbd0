import "../staffing/staffing.css";
import { Anchor, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { formatNumber } from "../../format/amounts";
import { formatClock } from "../../format/times";
import type { CampaignLive } from "../../state/state";
import { useLive } from "../../state/store";
import { useCampaigns } from "../campaigns";
import { comingOf } from "../staffing/coming";
import { ComingLine } from "../staffing/coming_line";
import { useStaffing } from "../staffing/use_staffing";
import { useLocale } from "../use_locale";

/** What begins within so long stands beside the forecast. */
const SOON_MS = 2 * 3_600_000;

/** What the group's plan does to this campaign now and soon; nothing where nothing is planned. */
export function StaffingLines({ campaign }: { campaign: CampaignLive }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const agents = useLive((state) => state.agents);
  const group_id = useCampaigns().data?.find(({ id }) => id === campaign.id)?.agent_group_id;
  const group = useStaffing().data?.find(({ id }) => id === group_id);
  if (!group || group.plans.length === 0) return null;
  const now_ms = Date.now();
  const coming = comingOf(group, agents, now_ms, now_ms + SOON_MS);
  const { planned_away, kept_back, inbound_per_hour, shift_ends_at } = campaign.pacing;
  // Clocks are those of the plan's own zone.
  const zone = group.plans.find(({ per_hour }) => per_hour == null)?.zone;
  const n = (value: number) => formatNumber(value, locale, 1);
  return (
    <section aria-label={t("staffing.title")} data-testid="staffing-lines">
      <Title order={3} size="h6" mb={4}>
        {t("staffing.title")}
      </Title>
      <ul className="coming">
        {coming.map((each) => (
          <li key={each.key} data-now={each.begins_ms <= now_ms}>
            <ComingLine coming={each} now_ms={now_ms} />
          </li>
        ))}
        {typeof planned_away === "number" && (
          <li data-now data-testid="planned-away">
            {t("staffing.notCounted", { n: n(planned_away) })}
          </li>
        )}
        {typeof kept_back === "number" && (
          <li data-now data-testid="kept-back">
            {t("staffing.kept", { n: n(kept_back) })}
          </li>
        )}
        {typeof inbound_per_hour === "number" && campaign.mode === "predictive" && (
          <li data-now data-testid="inbound-foreseen">
            {t("staffing.foreseen", { rate: n(inbound_per_hour) })}
          </li>
        )}
        {typeof shift_ends_at === "string" && (
          <li data-now data-testid="spent-by-the-end">
            {t("staffing.spentByTheEnd", { at: formatClock(Date.parse(shift_ends_at), locale, zone) })}
          </li>
        )}
      </ul>
      {coming.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("staffing.nothingSoon")}
        </Text>
      )}
      <Anchor component={Link} href="/staffing" size="sm">
        {t("staffing.open")}
      </Anchor>
    </section>
  );
}
