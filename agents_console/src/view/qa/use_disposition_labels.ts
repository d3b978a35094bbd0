import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../api/client";
import { useCampaigns } from "../campaigns";

/** Every campaign's dispositions as code -> words in the chosen language. */
export function useDispositionLabels(): Record<string, string> {
  const { i18n } = useTranslation();
  const campaigns = useCampaigns().data ?? [];
  const lists = useQueries({
    queries: campaigns.map(({ id }) => ({
      queryKey: ["dispositions", id],
      staleTime: 300_000,
      queryFn: () => answer(api.GET("/api/v1/campaigns/{id}/dispositions", { params: { path: { id } } })),
    })),
    combine: (results) => results.flatMap((result) => result.data ?? []),
  });
  return useMemo(
    () =>
      Object.fromEntries(
        lists.map(({ code, label }) => [code, label[i18n.language] ?? label.es ?? code] as const),
      ),
    [lists, i18n.language],
  );
}
