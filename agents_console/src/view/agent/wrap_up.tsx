import { Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { formatSpan } from "../../format/times";
import { useNow_ms } from "../clock";

/** The countdown of wrap-up. The server ends it; this only shows it. */
export function WrapUp({ until }: { until: string | null }) {
  const { t } = useTranslation();
  const now_ms = useNow_ms();
  const [whole_ms] = useState(() => (until ? Math.max(1000, Date.parse(until) - now_ms) : 1000));
  if (until === null) return null;
  const left_ms = Date.parse(until) - now_ms;
  const urgent = left_ms <= 10_000;
  return (
    <div className="wrap-up" data-urgent={urgent} data-testid="wrap-up">
      <Text size="sm" fw={600}>
        {left_ms > 0
          ? t("disposition.wrapUpEnds", { time: formatSpan(left_ms) })
          : t("disposition.wrapUpOver")}
      </Text>
      <progress value={Math.max(0, left_ms)} max={whole_ms} aria-label={t("disposition.wrapUp")} />
    </div>
  );
}
