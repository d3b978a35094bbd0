import "./plans.css";
import { Alert, Loader, Select, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useLocation, useRoute } from "wouter";
import { answer, api } from "../../api/client";
import { atWork, useCampaigns } from "../campaigns";
import { problemWords } from "../notices";
import { planKey } from "./plan";
import { PlanForm } from "./plan_form";

/** How often, and when, a campaign's leads are tried. */
export default function PlansPage() {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const [, params] = useRoute("/plans/:id");
  const campaigns = useCampaigns();
  const offered = campaigns.data && atWork(campaigns.data);
  const chosen = params ? Number(params.id) : (offered?.[0]?.id ?? null);
  const plan = useQuery({
    queryKey: planKey(chosen ?? 0),
    enabled: chosen !== null,
    queryFn: () =>
      answer(api.GET("/api/v1/campaigns/{id}/contact-plan", { params: { path: { id: chosen ?? 0 } } })),
  });
  const failed = campaigns.error ?? plan.error;
  return (
    <main className="sheet">
      <div>
        <Title order={1} size="h4">
          {t("plans.title")}
        </Title>
        <Text size="sm" c="dimmed">
          {t("plans.text")}
        </Text>
      </div>
      {failed && <Alert color="red">{problemWords(failed)}</Alert>}
      {offered?.length === 0 && <Text>{t("plans.noCampaigns")}</Text>}
      {offered && offered.length > 0 && (
        <Select
          label={t("plans.campaign")}
          data={offered.map(({ id, name }) => ({ value: String(id), label: name }))}
          value={String(chosen)}
          onChange={(id) => id && go(`/plans/${id}`)}
          allowDeselect={false}
          maw={420}
          data-testid="plan-campaign"
        />
      )}
      {plan.isLoading && <Loader aria-label={t("app.loading")} />}
      {plan.data && chosen !== null && <PlanForm key={`${chosen}`} campaignId={chosen} plan={plan.data} />}
    </main>
  );
}
