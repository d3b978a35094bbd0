import { Alert, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatNumber, formatShare } from "../../format/amounts";
import type { CampaignLive } from "../../state/state";
import { wordsFor } from "../../words";
import { useLocale } from "../use_locale";

type Figures = CampaignLive["pacing"];

/** Figures worth a line, in reading order; a policy gives those it has. */
const SHARES = ["risk_next", "risk_allowed", "p_human"];
const COUNTS = ["calls", "ready", "in_flight", "waiting", "abandonments_left"];
/** The forecast of so many seconds ahead, e.g. `answers_5s`. */
const AHEAD = /^(answers|free_agents)_(\d+(?:\.\d+)?)s$/;

function formatTimeOfDay(at: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { weekday: "short", hour: "2-digit", minute: "2-digit" }).format(
    new Date(at),
  );
}

/** The lines under the sentence: [words' key, its values, the figure]. */
export function readFigures(pacing: Figures, locale: string): [string, Record<string, string>, string][] {
  const lines: [string, Record<string, string>, string][] = [];
  for (const key of COUNTS) {
    const value = pacing[key];
    if (typeof value === "number") lines.push([key, {}, formatNumber(value, locale, 1)]);
  }
  for (const key of SHARES) {
    const value = pacing[key];
    if (typeof value === "number") lines.push([key, {}, formatShare(value, locale)]);
  }
  for (const [key, value] of Object.entries(pacing)) {
    const [, what, seconds] = AHEAD.exec(key) ?? [];
    if (what && seconds && typeof value === "number") {
      lines.push([`${what}_ahead`, { seconds }, formatNumber(value, locale, 1)]);
    }
  }
  return lines;
}

/** Why it dials as it does: which limit binds, in words, and the figures behind it. */
export function PacingWords({ pacing }: { pacing: Figures }) {
  const { t } = useTranslation();
  const locale = useLocale();
  if (Object.keys(pacing).length === 0) {
    return (
      <section aria-label={t("supervisor.pacing")}>
        <Title order={3} size="h6" mb={8}>
          {t("supervisor.pacing")}
        </Title>
        <Text size="sm" c="dimmed">
          {t("supervisor.noPacing")}
        </Text>
      </section>
    );
  }
  const share = (key: string) => (typeof pacing[key] === "number" ? formatShare(pacing[key], locale) : "—");
  const reason = wordsFor("pacingLimit", String(pacing.limit), {
    reason: String(pacing.reason ?? ""),
    risk: share("risk_next"),
    allowed: share("risk_allowed"),
    seen: formatNumber(Number(pacing.calls_seen ?? 0), locale),
    rule: wordsFor("law", String(pacing.rule ?? "")),
    until: pacing.until ? formatTimeOfDay(String(pacing.until), locale) : "—",
  });
  return (
    <section aria-label={t("supervisor.pacing")} data-testid="pacing">
      <Title order={3} size="h6" mb={8}>
        {t("supervisor.pacing")}
      </Title>
      <Text size="sm" mb={8} data-testid="pacing-limit" data-limit={String(pacing.limit)}>
        {reason}
      </Text>
      {pacing.trunks_out && (
        <Alert color="red" mb={8} p="xs" data-testid="trunks-out">
          {t("supervisor.trunksOut", { trunks: String(pacing.trunks_out) })}
        </Alert>
      )}
      <dl className="figures">
        {readFigures(pacing, locale).map(([key, values, figure]) => (
          <div key={key + (values.seconds ?? "")}>
            <dt>{wordsFor("pacing", key, values)}</dt>
            <dd>{figure}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
