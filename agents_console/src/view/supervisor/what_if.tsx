import { Button, Group, Progress, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatNumber, formatShare } from "../../format/amounts";
import { useLocale } from "../use_locale";
import type { ForecastResult, ForecastState } from "./use_forecast";

type Figure = keyof ForecastResult["now"];

const ROWS: { figure: Figure; share: boolean }[] = [
  { figure: "occupancy", share: true },
  { figure: "abandonment", share: true },
  { figure: "idle_s", share: false },
  { figure: "connects_per_hour", share: false },
];

/** What the change would bring: now, then and the difference, each with its interval. */
export function WhatIf({ state, onStop }: { state: ForecastState; onStop: () => void }) {
  const { t } = useTranslation();
  if (state.kind === "idle") return null;
  if (state.kind === "failure") {
    return (
      <Text size="sm" c="dimmed" role="status" data-testid="forecast-failure">
        {t(`forecast.${state.code}`)}
      </Text>
    );
  }
  if (state.kind === "working") {
    return (
      <div className="forecast" role="status" data-testid="forecast-working">
        <Text size="sm">{t("forecast.working")}</Text>
        <Group gap="sm" wrap="nowrap">
          <Progress value={Math.max(3, state.share * 100)} aria-label={t("forecast.working")} flex={1} />
          <Button size="compact-xs" variant="subtle" color="gray" onClick={onStop}>
            {t("forecast.stop")}
          </Button>
        </Group>
      </div>
    );
  }
  return <Found result={state.result} />;
}

function Found({ result }: { result: ForecastResult }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const show = (value: number, share: boolean) =>
    share ? formatShare(value, locale) : formatNumber(value, locale, 1);
  const cell = ([mean, low, high]: readonly number[], share: boolean, signed = false) => (
    <>
      <span className="forecast-mean">
        {signed && (mean ?? 0) > 0 ? "+" : ""}
        {show(mean ?? 0, share)}
      </span>
      <span className="forecast-interval">
        {t("forecast.interval", { low: show(low ?? 0, share), high: show(high ?? 0, share) })}
      </span>
    </>
  );
  return (
    <div className="forecast" data-testid="forecast">
      <Text size="sm" fw={600}>
        {t("forecast.title")}
      </Text>
      <table className="forecast-table">
        <thead>
          <tr>
            <th />
            <th scope="col">{t("forecast.now")}</th>
            <th scope="col">{t("forecast.changed")}</th>
            <th scope="col">{t("forecast.difference")}</th>
          </tr>
        </thead>
        <tbody>
          {ROWS.map(({ figure, share }) => (
            <tr key={figure} data-testid={`forecast-${figure}`}>
              <th scope="row">{t(`forecast.${figure as "occupancy"}`)}</th>
              <td>{cell(result.now[figure], share)}</td>
              <td>{cell(result.changed[figure], share)}</td>
              <td>{cell(result.difference[figure], share, true)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Text size="xs" c="dimmed">
        {t("forecast.seen", {
          calls: formatNumber(result.calls_seen, locale),
          minutes: formatNumber(result.minutes_seen, locale, 0),
          agents: formatNumber(result.agents_seen, locale, 1),
          runs: String(result.runs),
        })}
      </Text>
    </div>
  );
}
