import { fromWallClock, nextDay, OWN_ZONE } from "../../format/times";

export interface Filters {
  q: string;
  campaign_id: number | null;
  agent_id: number | null;
  disposition: string | null;
  /** Days, `2026-11-21`; empty: no limit. */
  from: string;
  to: string;
}

export const NO_FILTERS: Filters = {
  q: "",
  campaign_id: null,
  agent_id: null,
  disposition: null,
  from: "",
  to: "",
};

/** Filters as the API takes them: whole days of the reviewer's own calendar, the end exclusive. */
export function toQuery(filters: Filters) {
  const day = (date: string) => {
    const at_ms = fromWallClock(`${date}T00:00`, OWN_ZONE);
    return at_ms === null ? undefined : new Date(at_ms).toISOString();
  };
  return {
    q: filters.q.trim() || undefined,
    campaign_id: filters.campaign_id ?? undefined,
    agent_id: filters.agent_id ?? undefined,
    disposition: filters.disposition ?? undefined,
    from: filters.from ? day(filters.from) : undefined,
    to: filters.to ? day(nextDay(filters.to)) : undefined,
  };
}
