import { Button, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { answer, api, type Schemas } from "../../api/client";
import { formatDateTime } from "../../format/times";
import { showDone, showProblem } from "../notices";
import { useLocale } from "../use_locale";
import type { Group } from "./coming";
import { planDays, planSpan, planWhat, planWho } from "./plan_words";
import { readStaffingAgain, useStaffingChanges } from "./use_staffing";

type Change = Schemas["StaffingChangeView"];
type Settings = Schemas["StaffingPlanSettings"];

/** Who planned what, and the way back. */
export function StaffingLog({ groups }: { groups: Group[] }) {
  const { t } = useTranslation();
  const changes = useStaffingChanges();
  const undo = useMutation({
    mutationFn: (change: Change) =>
      answer(api.POST("/api/v1/staffing/changes/{id}/undo", { params: { path: { id: change.id } } })),
    onSuccess: () => showDone(t("staffing.undone")),
    onError: showProblem,
    onSettled: readStaffingAgain,
  });
  return (
    <section className="panel" aria-label={t("staffing.changes")} data-testid="staffing-changes">
      <Title order={2} size="h5">
        {t("staffing.changes")}
      </Title>
      {changes.data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("staffing.noChanges")}
        </Text>
      )}
      <ol className="staffing-log">
        {changes.data?.map((change) => (
          <Entry
            key={change.id}
            change={change}
            group={groups.find(({ id }) => id === change.group_id)}
            busy={undo.isPending}
            onUndo={() => undo.mutate(change)}
          />
        ))}
      </ol>
    </section>
  );
}

interface EntryProps {
  change: Change;
  group: Group | undefined;
  busy: boolean;
  onUndo: () => void;
}

function Entry({ change, group, busy, onUndo }: EntryProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const words = (plan: Settings) =>
    [planWhat(plan, locale), planWho(plan, group), planSpan(plan), planDays(plan)].join(", ");
  const { before, after } = change;
  const did = before === null ? "added" : after === null ? "removed" : "changed";
  return (
    <li data-testid={`staffing-change-${change.id}`}>
      <div className="staffing-log-head">
        <span>
          {formatDateTime(Date.parse(change.at), locale)} · {change.user_name ?? t("staffing.byCommand")}
          {change.undoes_id !== null && ` · ${t("staffing.undoing")}`}
        </span>
        {change.undoable && (
          <Button size="compact-xs" variant="default" disabled={busy} onClick={onUndo} data-testid="undo">
            {t("staffing.undo")}
          </Button>
        )}
      </div>
      <Text size="sm">
        <b>{t(`staffing.${did}`)}</b> · {group?.name}: {before !== null && words(before)}
        {before !== null && after !== null && " → "}
        {after !== null && words(after)}
      </Text>
    </li>
  );
}
