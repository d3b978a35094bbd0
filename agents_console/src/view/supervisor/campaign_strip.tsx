import { Anchor, Group, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { formatNumber, formatShare } from "../../format/amounts";
import type { CampaignLive } from "../../state/state";
import { useCampaigns } from "../campaigns";
import { useLocale } from "../use_locale";
import { CampaignObstacles } from "../why/campaign_obstacles";
import { Abandonment } from "./abandonment";
import { Budgets } from "./budgets";
import { CampaignButtons } from "./campaign_buttons";
import { CampaignSettings } from "./campaign_settings";
import { CampaignState } from "./campaign_state";
import { ChangeLog } from "./change_log";
import { Outcomes } from "./outcomes";
import { PacingWords } from "./pacing_words";
import { ScreeningPanel } from "./screening_panel";
import { StaffingLines } from "./staffing_lines";
import { Tile } from "./tile";

/** One campaign: its calls of this instant, today's totals, the abandonment against its cap, and the levers. */
export function CampaignStrip({ campaign }: { campaign: CampaignLive }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const n = (value: number) => formatNumber(value, locale);
  return (
    <article
      className="panel campaign"
      data-testid={`campaign-${campaign.id}`}
      aria-label={campaign.name}
      data-campaign={campaign.state}
    >
      <div className="campaign-head">
        <Group gap="sm">
          <Title order={2} size="h4">
            {campaign.name}
          </Title>
          <CampaignState campaign={campaign} />
          <Text size="sm" c="dimmed" data-testid="campaign-mode">
            {t(`mode.${campaign.mode}`)}
            {campaign.mode === "power" && ` × ${n(campaign.ratio)}`}
          </Text>
          <Anchor
            component={Link}
            href={`/campaigns/${campaign.id}`}
            size="sm"
            underline="always"
            aria-label={t("campaigns.setupOf", { name: campaign.name })}
            data-testid="campaign-setup"
          >
            {t("campaigns.setup")}
          </Anchor>
        </Group>
        <CampaignButtons campaign={campaign} />
      </div>
      <div className="campaign-now">
        <div className="tiles">
          <Tile label={t("supervisor.dialling")} value={n(campaign.dialling)} testid="dialling" />
          <Tile label={t("supervisor.ringing")} value={n(campaign.ringing)} testid="ringing" />
          <Tile
            label={t("supervisor.waiting")}
            value={n(campaign.waiting)}
            testid="waiting"
            warns={campaign.waiting > 0}
          />
          <Tile
            label={t("supervisor.talking")}
            value={n(campaign.talking)}
            testid="talking"
            state="on_call"
          />
        </div>
        <Abandonment campaign={campaign} />
        <dl className="totals">
          <Total label={t("supervisor.attempts")} value={n(campaign.attempts_today)} testid="attempts" />
          <Total
            label={t("supervisor.liveAnswers")}
            value={n(campaign.live_answers_today)}
            testid="live-answers"
          />
          <Total label={t("supervisor.connected")} value={n(campaign.connected_today)} testid="connected" />
          <Total label={t("supervisor.leadsLeft")} value={n(campaign.leads_left)} testid="leads-left" />
        </dl>
      </div>
      <Goal campaign={campaign} />
      <div className="campaign-more">
        <div className="campaign-why">
          <Outcomes outcomes={campaign.outcomes_today} />
          <CampaignObstacles campaign={campaign} />
          <PacingWords pacing={campaign.pacing} />
          <StaffingLines campaign={campaign} />
          <Budgets pacing={campaign.pacing} />
        </div>
        <div className="campaign-why">
          <CampaignSettings campaign={campaign} />
          <ScreeningPanel campaignId={campaign.id} version={campaign.version} />
          <ChangeLog campaign={campaign} />
        </div>
      </div>
    </article>
  );
}

/** The goal in a sentence; modes where the dialer does not decide how many have none. */
function Goal({ campaign }: { campaign: CampaignLive }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const settings = useCampaigns().data?.find(({ id }) => id === campaign.id);
  if (!settings || (campaign.mode !== "power" && campaign.mode !== "predictive")) return null;
  return (
    <Text size="sm" data-testid="goal-words">
      <b>{t("supervisor.goal")}: </b>
      {t("supervisor.goalText", {
        cap: formatShare(campaign.abandon_cap, locale),
        window: t(`window.${settings.abandon_window}`),
        wait: formatNumber(settings.connect_limit_s, locale),
        lines: formatNumber(settings.max_lines_per_agent, locale),
      })}
    </Text>
  );
}

function Total({ label, value, testid }: { label: string; value: string; testid: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd data-testid={testid}>{value}</dd>
    </div>
  );
}
