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
        <Working share={state.share} what={t("forecast.working")} onStop={onStop} />
      </div>
    );
  }
  return <Found result={state.result} onStop={onStop} />;
}

function Working({ share, what, onStop }: { share: number; what: string; onStop: () => void }) {
  const { t } = useTranslation();
  return (
    <Group gap="sm" wrap="nowrap">
      <Progress value={Math.max(3, share * 100)} aria-label={what} flex={1} />
      <Button size="compact-xs" variant="subtle" color="gray" onClick={onStop}>
        {t("forecast.stop")}
      </Button>
    </Group>
  );
}

function Found({ result, onStop }: { result: ForecastResult; onStop: () => void }) {
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
      {result.share < 1 && (
        <div data-testid="forecast-refining">
          <Text size="xs">{t("forecast.refining")}</Text>
          <Working share={result.share} what={t("forecast.refining")} onStop={onStop} />
        </div>
      )}
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
