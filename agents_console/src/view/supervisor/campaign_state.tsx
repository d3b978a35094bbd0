import { useTranslation } from "react-i18next";
import type { CampaignLive } from "../../state/state";
import { wordsFor } from "../../words";

/** A campaign's state, and why it is in it. */
export function CampaignState({ campaign }: { campaign: Pick<CampaignLive, "state" | "state_reason"> }) {
  const { t } = useTranslation();
  const reason = campaign.state_reason && wordsFor("campaignReason", campaign.state_reason);
  return (
    <span className="campaign-state" data-campaign={campaign.state} data-testid="campaign-state">
      <span className="state-dot" aria-hidden />
      {t(`campaignState.${campaign.state}`)}
      {reason && campaign.state !== "running" && <span className="state-reason">· {reason}</span>}
    </span>
  );
}
