import { Button, Group, NumberInput, Select, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, answer, api, type Schemas } from "../../api/client";
import { queries } from "../../session";
import type { CampaignLive } from "../../state/state";
import { useCampaigns } from "../campaigns";
import { showDone, showProblem } from "../notices";
import { isWorking, useForecast } from "./use_forecast";
import { WhatIf } from "./what_if";

type View = Schemas["CampaignView"];
type Patch = Schemas["CampaignPatch"];

export const MODES: View["mode"][] = ["manual", "preview", "progressive", "power", "predictive"];
export const POLICIES: View["policy"][] = [
  "predictive",
  "progressive",
  "erlang",
  "issabel",
  "vicidial_hard_limit",
  "vicidial_average",
  "vicidial_tapered",
];
export const WINDOWS: View["abandon_window"][] = ["day", "month", "campaign"];

/** What a person may set here; `settings` of the campaign, with the live view's words where it has them. */
export interface Goal {
  mode: View["mode"];
  policy: View["policy"];
  ratio: number;
  max_lines_per_agent: number;
  abandon_cap: number;
  abandon_window: View["abandon_window"];
  connect_limit_s: number;
}

/** The goal as a person is changing it, with the version he saw when he began. */
interface Draft {
  version: number;
  goal: Goal;
}

/** The goal and how it is reached: tried out with What if, changed with Apply; refused when somebody else was quicker. */
export function CampaignSettings({ campaign }: { campaign: CampaignLive }) {
  const { t } = useTranslation();
  const settings = useCampaigns().data?.find(({ id }) => id === campaign.id);
  const [draft, setDraft] = useState<Draft | null>(null);
  const forecast = useForecast(campaign.id);
  const now = goalOf(campaign, settings);
  const goal = draft?.goal ?? now;
  const patch = difference(now, goal);
  const unchanged = Object.keys(patch).length === 0;
  const pooled = goal.mode === "power" || goal.mode === "predictive";

  const change = (part: Partial<Goal>) => {
    setDraft({ version: draft?.version ?? campaign.version, goal: { ...goal, ...part } });
    forecast.clear();
  };
  const number = (name: keyof Goal, scale = 1) => ({
    value: Math.round((goal[name] as number) * scale * 1000) / 1000,
    onChange: (value: string | number) => typeof value === "number" && change({ [name]: value / scale }),
    decimalScale: 2,
    clampBehavior: "strict" as const,
  });

  const apply = useMutation({
    mutationFn: (body: Patch) =>
      answer(
        api.PATCH("/api/v1/campaigns/{id}", {
          params: {
            path: { id: campaign.id },
            header: { "if-match": `"${draft?.version ?? campaign.version}"` },
          },
          body,
        }),
      ),
    onSuccess: (view) => {
      queries.setQueryData<View[]>(["campaigns"], (all) =>
        all?.map((each) => (each.id === view.id ? view : each)),
      );
      void queries.invalidateQueries({ queryKey: ["changes", view.id] });
      setDraft(null);
      forecast.clear();
      showDone(t("supervisor.applied"));
    },
    onError: (error) => {
      if (error instanceof ApiError && error.problem.status === 412) setDraft(null);
      showProblem(error);
    },
  });

  return (
    <section aria-label={t("supervisor.settings")}>
      <Title order={3} size="h6" mb={8}>
        {t("supervisor.settings")}
      </Title>
      <form
        className="settings"
        onSubmit={(event) => {
          event.preventDefault();
          apply.mutate(patch);
        }}
      >
        <Select
          label={t("supervisor.mode")}
          description={t(`modeHelp.${goal.mode}`)}
          data={MODES.map((mode) => ({ value: mode, label: t(`mode.${mode}`) }))}
          value={goal.mode}
          onChange={(mode) => mode && change({ mode })}
          allowDeselect={false}
          data-testid="mode"
        />
        {goal.mode === "power" && (
          <NumberInput
            label={t("supervisor.ratio")}
            {...number("ratio")}
            min={1}
            max={10}
            step={0.1}
            data-testid="ratio"
          />
        )}
        {goal.mode === "predictive" && settings && (
          <Select
            label={t("supervisor.policy")}
            data={POLICIES.map((policy) => ({ value: policy, label: t(`policy.${policy}`) }))}
            value={goal.policy}
            onChange={(policy) => policy && change({ policy })}
            allowDeselect={false}
            data-testid="policy"
          />
        )}
        {pooled && settings && (
          <fieldset className="goal" data-testid="goal">
            <legend>{t("supervisor.goal")}</legend>
            <NumberInput
              label={t("supervisor.cap")}
              {...number("abandon_cap", 100)}
              min={0}
              max={5}
              step={0.5}
              data-testid="cap"
            />
            <Select
              label={t("supervisor.window")}
              data={WINDOWS.map((window) => ({ value: window, label: t(`window.${window}`) }))}
              value={goal.abandon_window}
              onChange={(window) => window && change({ abandon_window: window })}
              allowDeselect={false}
              data-testid="window"
            />
            <NumberInput
              label={t("supervisor.wait")}
              {...number("connect_limit_s")}
              min={1}
              max={10}
              step={1}
              data-testid="wait"
            />
            <NumberInput
              label={t("supervisor.maxLines")}
              {...number("max_lines_per_agent")}
              min={1}
              max={15}
              step={0.5}
              data-testid="max-lines"
            />
          </fieldset>
        )}
        <Group gap="xs">
          <Button type="submit" disabled={unchanged} loading={apply.isPending} data-testid="apply">
            {t("supervisor.apply")}
          </Button>
          <Button
            variant="default"
            disabled={isWorking(forecast.state)}
            onClick={() => void forecast.ask(patch)}
            data-testid="what-if"
          >
            {t("forecast.ask")}
          </Button>
          {draft !== null && !apply.isPending && (
            <Button
              variant="subtle"
              color="gray"
              onClick={() => {
                setDraft(null);
                forecast.clear();
              }}
            >
              {t("app.cancel")}
            </Button>
          )}
        </Group>
        <WhatIf state={forecast.state} onStop={forecast.stop} />
      </form>
    </section>
  );
}

function goalOf(campaign: CampaignLive, settings: View | undefined): Goal {
  return {
    mode: campaign.mode,
    ratio: campaign.ratio,
    abandon_cap: campaign.abandon_cap,
    policy: settings?.policy ?? "predictive",
    max_lines_per_agent: settings?.max_lines_per_agent ?? 3,
    abandon_window: settings?.abandon_window ?? "day",
    connect_limit_s: settings?.connect_limit_s ?? 2,
  };
}

/** The settings that count in a mode, besides the mode itself. */
const COUNTING: Record<View["mode"], (keyof Goal)[]> = {
  manual: [],
  preview: [],
  progressive: [],
  power: ["ratio", "abandon_cap", "abandon_window", "connect_limit_s", "max_lines_per_agent"],
  predictive: ["policy", "abandon_cap", "abandon_window", "connect_limit_s", "max_lines_per_agent"],
};

/** What Apply sends: the fields that differ, and only those that count in the mode. */
export function difference(now: Goal, wanted: Goal): Patch {
  const names = (["mode", ...COUNTING[wanted.mode]] as (keyof Goal)[]).filter(
    (name) => wanted[name] !== now[name],
  );
  return Object.fromEntries(names.map((name) => [name, wanted[name]]));
}
