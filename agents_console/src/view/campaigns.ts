import { useQuery } from "@tanstack/react-query";
import { answer, api } from "../api/client";

/** Those that are not in the archive. */
export const atWork = <T extends { archived: boolean }>(campaigns: T[]): T[] =>
  campaigns.filter(({ archived }) => !archived);

/** All campaigns' settings. Agents and reviewers get them by request only; a supervisor's also come live. */
export function useCampaigns() {
  return useQuery({
    queryKey: ["campaigns"],
    queryFn: () => answer(api.GET("/api/v1/campaigns")),
    // A role that may not read them is told once.
    refetchInterval: (query) => (query.state.status === "error" ? false : 30_000),
  });
}
