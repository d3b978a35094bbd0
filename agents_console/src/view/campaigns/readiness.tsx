import { Alert, Anchor, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useLive } from "../../state/store";
import { wordsFor } from "../../words";
import { problemWords } from "../notices";
import { CampaignButtons } from "../supervisor/campaign_buttons";
import { useLocale } from "../use_locale";
import { Sources } from "../why/sources";
import { type Breach, breachWords, type Parts, type Settings, type Setup } from "./setup";
import type { Checked } from "./use_check";

interface ReadinessProps {
  setup: Setup | null;
  settings: Settings;
  parts: Parts;
  checked: Checked;
  /** What is written is not what is stored. */
  changed: boolean;
  /** Saving, and meeting somebody else's change. */
  children: React.ReactNode;
}

/**
 * Saving and starting, and what a campaign still lacks before it may dial, as the dialer itself would say it. The list
 * may be long: the buttons stand above it, where they are seen without scrolling.
 */
export function Readiness({ setup, settings, parts, checked, changed, children }: ReadinessProps) {
  const { t } = useTranslation();
  const live = useLive((state) => (setup ? state.campaigns[setup.id] : undefined));
  const campaign = live ?? setup;
  // Until the law has answered to what is written, what it says of what is stored.
  const known = checked.breaches ?? (changed ? null : (setup?.breaches ?? null));
  const breaches = known ?? [];
  const storing = breaches.filter(({ bars }) => bars === "storing");
  const starting = breaches.filter(({ bars, fault }) => bars === "starting" && fault !== "archived");
  const idle = campaign === null || !["running", "draining"].includes(campaign.state);
  return (
    <aside className="panel campaign-ready" aria-label={t("campaigns.ready")} data-testid="readiness">
      <Title order={2} size="h5">
        {t("campaigns.ready")}
      </Title>
      {children}
      {setup && campaign && !setup.archived && (
        <>
          {idle && changed && (
            <Text size="sm" c="dimmed">
              {t("campaigns.saveFirst")}
            </Text>
          )}
          <CampaignButtons campaign={campaign} mayStart={!changed && known?.length === 0} />
        </>
      )}
      <div aria-busy={checked.asking} aria-live="polite">
        {Boolean(checked.error) && <Alert color="orange">{problemWords(checked.error)}</Alert>}
        <Breaches title={t("campaigns.barsStoring")} breaches={storing} testid="bars-storing" />
        <Breaches title={t("campaigns.barsStarting")} breaches={starting} testid="bars-starting" />
        {known?.length === 0 && !checked.error && (
          <Text size="sm" c="var(--good)" fw={600} data-testid="nothing-missing">
            {t("campaigns.nothingMissing")}
          </Text>
        )}
      </div>
      <Notes setup={setup} settings={settings} parts={parts} />
    </aside>
  );
}

interface BreachesProps {
  title: string;
  breaches: Breach[];
  testid: string;
}

function Breaches({ title, breaches, testid }: BreachesProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  if (breaches.length === 0) return null;
  return (
    <div data-testid={testid}>
      <Text size="sm" fw={600} c="var(--poor)">
        {title}
      </Text>
      <ul className="breaches">
        {breaches.map((breach) => (
          <li key={`${breach.rule} ${breach.fault} ${breach.norm} ${breach.values.number ?? ""}`}>
            {breachWords(breach, locale)}
            <Text size="xs" c="dimmed">
              {breach.norm ? `${t("why.norm")}: ${breach.norm}` : wordsFor("confidence", "policy")}
              {breach.sources.length > 0 && " · "}
              <Sources sources={breach.sources} />
            </Text>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What no law asks, and yet nobody would be called or could answer without; and the numbers that will be shown. */
function Notes({ setup, settings, parts }: Pick<ReadinessProps, "setup" | "settings" | "parts">) {
  const { t } = useTranslation();
  const agents = parts.groups.find(({ name }) => name === settings.agent_group.trim())?.agents ?? 0;
  return (
    <div className="campaign-notes">
      {setup && !setup.has_leads && (
        <Text size="sm" data-testid="no-leads">
          {t("campaigns.noLeads")}{" "}
          <Anchor component={Link} href="/imports" inherit underline="always">
            {t("campaigns.loadLeads")}
          </Anchor>
        </Text>
      )}
      <Text size="sm">{t("campaigns.agents", { count: agents })}</Text>
      <Text size="sm" fw={600}>
        {t("campaigns.numbers")}
      </Text>
      {parts.numbers.length === 0 && <Text size="sm">{t("campaigns.noNumbers")}</Text>}
      <ul className="shown-numbers">
        {parts.numbers.map(({ trunk, number, owner }) => (
          <li key={`${trunk} ${number}`}>
            {number}
            <Text span size="xs" c="dimmed">
              {" "}
              {trunk} · {owner || t("campaigns.nobodys")}
            </Text>
          </li>
        ))}
      </ul>
    </div>
  );
}
