import "./staffing.css";
import { Alert, Button, Group, Loader, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../api/client";
import { useLive } from "../../state/store";
import { problemWords, showDone, showProblem } from "../notices";
import { type Group as AgentGroup, comingOf, type Plan } from "./coming";
import { ComingLine } from "./coming_line";
import { PlanModal } from "./plan_modal";
import { PlanTable } from "./plan_table";
import { StaffingLog } from "./staffing_log";
import { readStaffingAgain, useStaffing } from "./use_staffing";

const DAY_MS = 86_400_000;

/** What is known beforehand of the agents' hours: planned per group, with what it does now and the way back. */
export default function StaffingPage() {
  const { t } = useTranslation();
  const groups = useStaffing();
  return (
    <main className="sheet">
      <div>
        <Title order={1} size="h4">
          {t("staffing.title")}
        </Title>
        <Text size="sm" c="dimmed" maw={900}>
          {t("staffing.text")}
        </Text>
      </div>
      {groups.isError && <Alert color="red">{problemWords(groups.error)}</Alert>}
      {groups.isLoading && <Loader aria-label={t("app.loading")} />}
      {groups.data?.length === 0 && <Text c="dimmed">{t("staffing.noGroups")}</Text>}
      <div className="staffing">
        <div className="staffing-groups">
          {groups.data?.map((group) => (
            <GroupPlans key={group.id} group={group} />
          ))}
        </div>
        {groups.data && <StaffingLog groups={groups.data} />}
      </div>
    </main>
  );
}

function GroupPlans({ group }: { group: AgentGroup }) {
  const { t } = useTranslation();
  const [edited, setEdited] = useState<Plan | "new" | null>(null);
  const drop = useMutation({
    mutationFn: (plan: Plan) =>
      answer(
        api.DELETE("/api/v1/staffing/plans/{id}", {
          params: { path: { id: plan.id }, header: { "if-match": `"${plan.version}"` } },
        }),
      ),
    onSuccess: () => showDone(t("staffing.dropped")),
    onError: showProblem,
    onSettled: readStaffingAgain,
  });
  return (
    <section className="panel" aria-label={group.name} data-testid={`staffing-${group.id}`}>
      <Group justify="space-between">
        <Title order={2} size="h5">
          {group.name}
        </Title>
        <Button size="xs" onClick={() => setEdited("new")} data-testid="add-plan">
          {t("staffing.add")}
        </Button>
      </Group>
      {group.plans.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("staffing.empty")}
        </Text>
      ) : (
        <>
          <Coming group={group} />
          <PlanTable
            group={group}
            busy={drop.isPending}
            onEdit={setEdited}
            onDrop={(plan) => drop.mutate(plan)}
          />
        </>
      )}
      {edited !== null && (
        <PlanModal group={group} plan={edited === "new" ? null : edited} onClose={() => setEdited(null)} />
      )}
    </section>
  );
}

function Coming({ group }: { group: AgentGroup }) {
  const { t } = useTranslation();
  const agents = useLive((state) => state.agents);
  const now_ms = Date.now();
  const coming = comingOf(group, agents, now_ms, now_ms + DAY_MS);
  return (
    <div>
      <Title order={3} size="h6">
        {t("staffing.now")}
      </Title>
      {coming.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("staffing.nothingSoon")}
        </Text>
      )}
      <ul className="coming" data-testid="coming">
        {coming.map((each) => (
          <li key={each.key} data-now={each.begins_ms <= now_ms}>
            <ComingLine coming={each} now_ms={now_ms} />
          </li>
        ))}
      </ul>
    </div>
  );
}
