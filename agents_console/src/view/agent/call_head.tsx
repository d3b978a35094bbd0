import { Group, Text, Title } from "@mantine/core";
import { IconClock, IconPhone } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { formatMoney, formatPhone, sumByCurrency } from "../../format/amounts";
import { formatClock, formatSpan } from "../../format/times";
import type { CallCard } from "../../state/state";
import { Since, useNow_ms } from "../clock";
import { useLocale } from "../use_locale";

/** Who it is and what is owed, readable at a glance from the first moment of the call. */
export function CallHead({ call }: { call: CallCard }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const { person, debts } = call;
  const oldest = Math.max(...debts.map((debt) => debt.days_past_due ?? 0), 0);
  return (
    <section className="call-head">
      <div className="call-person">
        <Title order={1} size="h2" data-testid="person-name">
          {person.full_name}
        </Title>
        <Group gap="md" mt={4}>
          <Text size="sm" c="dimmed">
            {t("call.reference")} <b data-testid="person-ref">{person.external_ref}</b>
          </Text>
          {call.number && (
            <Text size="sm" className="with-icon">
              <IconPhone size={15} aria-hidden />
              <span data-testid="call-number">{formatPhone(call.number)}</span>
            </Text>
          )}
          {person.time_zone && <PersonTime zone={person.time_zone} />}
          {call.segment && (
            <Text size="sm" c="dimmed">
              {t("call.segment")} <b>{call.segment}</b>
            </Text>
          )}
        </Group>
      </div>
      <Figure label={t("call.balance")} testid="total-balance">
        {sumByCurrency(debts)
          .map(([currency, minor]) => formatMoney(minor, currency, locale))
          .join(" + ") || "—"}
      </Figure>
      <Figure label={t("call.daysPastDue")}>
        {debts.length > 0 ? t("call.days", { count: oldest }) : "—"}
      </Figure>
      {call.attempt_id !== null && (
        <Figure label={t("call.duration")} testid="call-duration">
          {call.connected_at ? <Since at={call.connected_at} until={call.ended_at} /> : "—"}
        </Figure>
      )}
      {call.connected_at && call.target_handling_s !== null && (
        <Target connected_at={call.connected_at} target_s={call.target_handling_s} />
      )}
    </section>
  );
}

function Figure({ label, testid, children }: { label: string; testid?: string; children: ReactNode }) {
  return (
    <div className="figure">
      <span className="figure-label">{label}</span>
      <span className="figure-value" data-testid={testid}>
        {children}
      </span>
    </div>
  );
}

/** How much of the segment's target time talk and wrap-up have taken: a line that fills, never an alarm. */
function Target({ connected_at, target_s }: { connected_at: string; target_s: number }) {
  const { t } = useTranslation();
  const spent_ms = Math.max(0, useNow_ms() - Date.parse(connected_at));
  const over_ms = spent_ms - target_s * 1000;
  return (
    <div className="target" title={t("target.label")} data-testid="target-time">
      <span className="target-line" aria-hidden>
        <span
          className="target-fill"
          style={{ width: `${Math.min(1, spent_ms / (target_s * 1000)) * 100}%` }}
        />
      </span>
      <span className="figure-label">
        {over_ms > 0
          ? t("target.over", { time: formatSpan(over_ms) })
          : t("target.of", { time: formatSpan(target_s * 1000) })}
      </span>
    </div>
  );
}

function PersonTime({ zone }: { zone: string }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const now_ms = useNow_ms();
  return (
    <Text size="sm" className="with-icon" title={zone}>
      <IconClock size={15} aria-hidden />
      {t("call.time")}: {formatClock(now_ms, locale, zone)}
    </Text>
  );
}
