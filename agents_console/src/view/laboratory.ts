import { useLive } from "../state/store";
import { useCampaigns } from "./campaigns";

/** The rule set under which the laboratory dials at any hour. */
const LABORATORY = /^laboratory\b/;

/** Does any campaign in sight dial under the laboratory's rules? */
export function useLaboratory(): boolean {
  const inCall = useLive((state) => LABORATORY.test(state.me?.call?.rule_set ?? ""));
  const inView = useLive((state) => Object.values(state.campaigns).some((c) => LABORATORY.test(c.rule_set)));
  const campaigns = useCampaigns();
  return inCall || inView || (campaigns.data ?? []).some((c) => LABORATORY.test(c.rule_set));
}
