import "./campaigns.css";
import { Alert, Loader, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Route, Switch, useSearchParams } from "wouter";
import { ApiError, answer, api } from "../../api/client";
import { queries } from "../../session";
import { useLive } from "../../state/store";
import { problemWords } from "../notices";
import { CampaignForm } from "./campaign_form";
import { CampaignList } from "./campaign_list";
import { PARTS, setupKey } from "./setup";

/** All campaigns, and one of them as it is set up: made, copied, changed, started, put away. */
export default function CampaignsPage() {
  return (
    <main className="sheet">
      <Switch>
        <Route path="/campaigns/new">
          <NewCampaign />
        </Route>
        <Route path="/campaigns/:id">{({ id }) => <OneCampaign key={id} id={Number(id)} />}</Route>
        <Route>
          <CampaignList />
        </Route>
      </Switch>
    </main>
  );
}

function NewCampaign() {
  const [search] = useSearchParams();
  const copyOf = Number(search.get("copy")) || null;
  return <Read key={copyOf} id={copyOf} isNew />;
}

function OneCampaign({ id }: { id: number }) {
  return <Read id={id} isNew={false} />;
}

/** Reads what the form needs: the parts of a setup, and the campaign it is of, or after which a new one is made. */
function Read({ id, isNew }: { id: number | null; isNew: boolean }) {
  const { t } = useTranslation();
  const parts = useQuery({
    queryKey: PARTS,
    queryFn: () => answer(api.GET("/api/v1/campaigns/parts")),
  });
  const setup = useQuery({
    queryKey: setupKey(id ?? 0),
    enabled: id !== null,
    queryFn: () => answer(api.GET("/api/v1/campaigns/{id}/setup", { params: { path: { id: id ?? 0 } } })),
  });
  const state = useLive((now) => (id === null ? undefined : now.campaigns[id]?.state));
  useEffect(() => {
    // What may be changed depends on it, and the law may have stopped it.
    if (state !== undefined && id !== null) void queries.invalidateQueries({ queryKey: setupKey(id) });
  }, [state, id]);
  const failed = parts.error ?? setup.error;
  if (failed instanceof ApiError && failed.problem.status === 404)
    return <Text>{t("campaigns.notFound")}</Text>;
  if (failed) return <Alert color="red">{problemWords(failed)}</Alert>;
  if (!parts.data || (id !== null && !setup.data)) return <Loader aria-label={t("app.loading")} />;
  return isNew ? (
    <CampaignForm parts={parts.data} setup={null} after={setup.data ?? null} />
  ) : (
    <CampaignForm parts={parts.data} setup={setup.data ?? null} after={null} />
  );
}
