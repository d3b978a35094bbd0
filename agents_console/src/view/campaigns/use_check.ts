import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../api/client";
import { same } from "../use_kept";
import type { Breach, Settings } from "./setup";

/** After so long without a change the law is asked. */
const PAUSE_MS = 400;

export interface Checked {
  /** Null: not asked yet. */
  breaches: Breach[] | null;
  /** Why the law could not be asked of these settings. */
  error: unknown;
  /** The answer is to what was written a moment ago. */
  asking: boolean;
  /** It may not even be stored so. */
  barred: boolean;
}

/** What would keep a campaign with these settings from being stored and from starting, asked as they are written. */
export function useCheck(settings: Settings, campaignId: number | null, copyOf: number | null): Checked {
  // A name and a group are no matter of the law: whoever types them is not asked about at every letter.
  const asked = { ...settings, name: "?", agent_group: "?" };
  const [settled] = useDebouncedValue(asked, PAUSE_MS);
  const found = useQuery({
    queryKey: ["campaign-check", campaignId, copyOf, settled],
    queryFn: () =>
      answer(
        api.POST("/api/v1/campaigns/check", {
          body: { settings: settled, campaign_id: campaignId, copy_of: copyOf },
        }),
      ),
    placeholderData: keepPreviousData,
    // Whose numbers are shown and who stands behind a rule may change meanwhile.
    refetchInterval: 30_000,
  });
  return {
    breaches: found.data?.breaches ?? null,
    error: found.error,
    asking: found.isFetching || !same(asked, settled),
    barred: found.data?.breaches.some(({ bars }) => bars === "storing") ?? false,
  };
}
