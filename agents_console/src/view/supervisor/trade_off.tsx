import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../api/client";
import { formatNumber, formatShare } from "../../format/amounts";
import { at, place, type TradeOffPoint } from "../../format/trade_off";
import { useLocale } from "../use_locale";

const WIDTH = 300;
const HEIGHT = 134;
const LEFT = 46;
const BOTTOM = 34;
const TOP = 24;
const RIGHT = 14;

/** What the cost ratio buys: people lost against machines passed, with the ratio that is set marked on the curve. */
export function TradeOff({
  points,
  ratio,
}: {
  points: Schemas["ScreeningView"]["trade_off"];
  ratio: number;
}) {
  const { t } = useTranslation();
  const locale = useLocale();
  const now = at(points, ratio);
  if (!now) return null;
  const said = t("screening.tradeOffAt", {
    ratio: formatNumber(ratio, locale),
    people: formatShare(now.human_as_machine, locale),
    machines: formatShare(now.machine_passed, locale),
  });
  const on = (point: TradeOffPoint) => {
    const [x, y] = place(points, point);
    return [LEFT + x * (WIDTH - LEFT - RIGHT), TOP + (1 - y) * (HEIGHT - TOP - BOTTOM)] as const;
  };
  const [first, last] = [points[0], points[points.length - 1]];
  const floor = HEIGHT - BOTTOM;
  return (
    <figure className="trade-off" data-testid="trade-off">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t("screening.tradeOff")}>
        <path d={`M${LEFT} ${TOP}V${floor}H${WIDTH - RIGHT}`} className="axis" />
        <polyline points={points.map((point) => on(point).join(",")).join(" ")} />
        {points.map((point) => {
          const [x, y] = on(point);
          return <circle key={point.cost_ratio} cx={x} cy={y} r={2.5} />;
        })}
        <circle cx={on(now)[0]} cy={on(now)[1]} r={5} className="now" />
        {first && last && (
          <>
            <text x={LEFT - 5} y={TOP + 4} textAnchor="end">
              {formatShare(first.human_as_machine, locale)}
            </text>
            <text x={LEFT - 5} y={floor} textAnchor="end">
              {formatShare(last.human_as_machine, locale)}
            </text>
            <text x={LEFT} y={floor + 13}>
              {formatShare(first.machine_passed, locale)}
            </text>
            <text x={WIDTH - RIGHT} y={floor + 13} textAnchor="end">
              {formatShare(last.machine_passed, locale)}
            </text>
          </>
        )}
        <text x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 6} textAnchor="middle">
          {t("screening.tradeOffMachines")}
        </text>
        <text x={0} y={11}>
          {t("screening.tradeOffPeople")}
        </text>
      </svg>
      <Text component="figcaption" size="sm">
        {said}
      </Text>
    </figure>
  );
}
