import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { formatShare } from "../../format/amounts";
import type { CampaignLive } from "../../state/state";
import { useLocale } from "../use_locale";

/** Share of the bar at which the cap stands: room beyond it shows by how much it is broken. */
const CAP_AT = 0.7;
/** From this share of the cap on it is close. */
const CLOSE = 0.75;

type Level = "calm" | "close" | "over";

export function abandonLevel(rate: number | null, cap: number): Level {
  if (rate === null) return "calm";
  return rate > cap ? "over" : rate >= cap * CLOSE ? "close" : "calm";
}

/** The abandonment of today against the cap, as a bar with a mark and in figures. */
export function Abandonment({ campaign }: { campaign: CampaignLive }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const { abandon_rate: rate, abandon_cap } = campaign;
  const level = abandonLevel(rate, abandon_cap);
  const cap = formatShare(abandon_cap, locale);
  const filled = abandon_cap > 0 ? Math.min(1, ((rate ?? 0) / abandon_cap) * CAP_AT) : rate ? 1 : 0;
  const figures = {
    abandoned: campaign.abandoned_today,
    answers: campaign.live_answers_today,
    cap,
  };
  const detail =
    rate === null ? t("supervisor.abandonmentNone", { cap }) : t("supervisor.abandonmentOf", figures);
  return (
    <div className="abandonment" data-level={level} data-testid="abandonment">
      <div className="abandonment-head">
        <span className="tile-label">{t("supervisor.abandonment")}</span>
        <span className="abandonment-rate" data-testid="abandon-rate">
          {level === "over" && <IconAlertTriangle size={18} aria-hidden />}
          {rate === null ? "—" : formatShare(rate, locale)}
        </span>
      </div>
      <div className="abandonment-bar" aria-hidden>
        <span style={{ width: `${filled * 100}%` }} />
        <i style={{ left: `${CAP_AT * 100}%` }} />
      </div>
      <span className="tile-label">
        {level === "over" && <b>{t("supervisor.overCap")}. </b>}
        {detail}
      </span>
    </div>
  );
}
