import {
  Autocomplete,
  Button,
  Chip,
  Group,
  Modal,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { answer, api, type Schemas } from "../../api/client";
import { OWN_ZONE } from "../../format/times";
import { showDone, showProblem } from "../notices";
import { type Group as AgentGroup, isShiftEnd, minuteOf, type Plan } from "./coming";
import { dayName } from "./plan_words";
import { readStaffingAgain } from "./use_staffing";

type Settings = Schemas["StaffingPlanSettings"];
type Kind = "away" | "shiftEnd" | "inbound";

const KINDS: Kind[] = ["away", "shiftEnd", "inbound"];
const NAMES = {
  away: "staffing.breakName",
  shiftEnd: "staffing.shiftEndName",
  inbound: "staffing.inboundName",
} as const;
const WEEKDAYS = [0, 1, 2, 3, 4, 5, 6];
const ZONES = Intl.supportedValuesOf("timeZone");
const DAY_MIN = 24 * 60;

interface PlanModalProps {
  group: AgentGroup;
  /** Null: a new one. */
  plan: Plan | null;
  onClose: () => void;
}

/** One plan as it is written; kept when Save is pressed. */
export function PlanModal({ group, plan, onClose }: PlanModalProps) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<Settings>(() => plan ?? newPlan(group, t(NAMES.away)));
  const [kind, setKind] = useState<Kind>(() => kindOf(plan));
  const change = (part: Partial<Settings>) => setDraft({ ...draft, ...part });
  const body = asStored(draft, kind);

  const save = useMutation({
    mutationFn: () =>
      plan === null
        ? answer(api.POST("/api/v1/staffing/plans", { body }))
        : answer(
            api.PUT("/api/v1/staffing/plans/{id}", {
              params: { path: { id: plan.id }, header: { "if-match": `"${plan.version}"` } },
              body,
            }),
          ),
    onSuccess: () => {
      showDone(t("staffing.saved"));
      onClose();
    },
    onError: showProblem,
    onSettled: readStaffingAgain,
  });

  const choose = (chosen: Kind) => {
    // A name of our own goes with the kind; one that a person gave stays.
    const ours = KINDS.some((each) => t(NAMES[each]) === draft.reason);
    setKind(chosen);
    change({
      agent_id: chosen === "inbound" ? null : (draft.agent_id ?? null),
      per_hour: chosen === "inbound" ? (draft.per_hour ?? 12) : null,
      ...(ours && { reason: t(NAMES[chosen]) }),
    });
  };
  const complete = body.reason.trim() !== "" && /^\d\d:\d\d$/.test(body.at) && body.weekdays.length > 0;

  return (
    <Modal
      opened
      onClose={onClose}
      title={`${group.name} · ${t(plan === null ? "staffing.add" : "staffing.edit")}`}
      closeButtonProps={{ "aria-label": t("app.close") }}
      size="lg"
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
        data-testid="plan-form"
      >
        <Stack gap="sm">
          <SegmentedControl
            aria-label={t("staffing.kind")}
            data={KINDS.map((value) => ({ value, label: t(`staffing.${value}`) }))}
            value={kind}
            onChange={(value) => choose(value as Kind)}
            data-testid="plan-kind"
          />
          <div className="plan-fields">
            <TextInput
              label={t("staffing.reason")}
              value={draft.reason}
              onChange={(event) => change({ reason: event.currentTarget.value })}
              maxLength={40}
              required
              data-testid="plan-reason"
            />
            {kind === "inbound" ? (
              <NumberInput
                label={t("staffing.perHour")}
                value={draft.per_hour ?? 12}
                onChange={(value) => typeof value === "number" && change({ per_hour: value })}
                min={0.1}
                max={3600}
                clampBehavior="strict"
                decimalScale={1}
                data-testid="plan-rate"
              />
            ) : (
              <Select
                label={t("staffing.who")}
                data={[
                  { value: "", label: t("staffing.everybody") },
                  ...group.agents.map(({ id, name }) => ({ value: String(id), label: name })),
                ]}
                value={draft.agent_id == null ? "" : String(draft.agent_id)}
                onChange={(id) => change({ agent_id: id ? Number(id) : null })}
                allowDeselect={false}
                searchable
                data-testid="plan-who"
              />
            )}
            <TextInput
              type="time"
              label={t("staffing.at")}
              value={draft.at}
              onChange={(event) => change({ at: event.currentTarget.value.slice(0, 5) })}
              required
              data-testid="plan-at"
            />
            {kind !== "shiftEnd" && (
              <NumberInput
                label={t("staffing.minutes")}
                value={draft.minutes}
                onChange={(value) => typeof value === "number" && change({ minutes: value })}
                min={1}
                max={DAY_MIN}
                clampBehavior="strict"
                allowDecimal={false}
                data-testid="plan-minutes"
              />
            )}
            <Autocomplete
              label={t("staffing.zone")}
              data={ZONES}
              limit={40}
              value={draft.zone}
              onChange={(zone) => change({ zone })}
              required
              data-testid="plan-zone"
            />
          </div>
          <fieldset className="plan-days">
            <Text component="legend" size="sm" fw={500}>
              {t("staffing.days")}
            </Text>
            <Chip.Group
              multiple
              value={draft.weekdays.map(String)}
              onChange={(days) => change({ weekdays: days.map(Number).toSorted((a, b) => a - b) })}
            >
              <Group gap={6}>
                {WEEKDAYS.map((day) => (
                  <Chip key={day} value={String(day)} size="xs" data-testid={`day-${day}`}>
                    {dayName(day)}
                  </Chip>
                ))}
              </Group>
            </Chip.Group>
          </fieldset>
          <Group gap="xs">
            <Button type="submit" loading={save.isPending} disabled={!complete} data-testid="save-plan">
              {t("staffing.save")}
            </Button>
            <Button variant="default" onClick={onClose}>
              {t("app.cancel")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function newPlan(group: AgentGroup, reason: string): Settings {
  return {
    group_id: group.id,
    agent_id: null,
    reason,
    at: "12:00",
    minutes: 60,
    weekdays: [0, 1, 2, 3, 4],
    zone: group.plans[0]?.zone ?? OWN_ZONE,
    per_hour: null,
  };
}

function kindOf(plan: Plan | null): Kind {
  if (plan === null) return "away";
  if (plan.per_hour != null) return "inbound";
  return isShiftEnd(plan) ? "shiftEnd" : "away";
}

/** The plan as the API takes it; a shift's end lasts to midnight. */
function asStored(draft: Settings, kind: Kind): Settings {
  const { group_id, agent_id, reason, at, minutes, weekdays, zone, per_hour } = draft;
  const lasts = kind === "shiftEnd" ? DAY_MIN - minuteOf(at) : minutes;
  return { group_id, agent_id, reason, at, minutes: lasts, weekdays, zone, per_hour };
}
