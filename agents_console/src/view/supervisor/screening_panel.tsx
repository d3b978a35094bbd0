import { Alert, Button, Group, NumberInput, Select, Text, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { answer, api, type Schemas } from "../../api/client";
import { formatNumber, formatShare } from "../../format/amounts";
import { queries } from "../../session";
import { wordsFor } from "../../words";
import { showDone, showProblem } from "../notices";
import { useLocale } from "../use_locale";
import { TradeOff } from "./trade_off";

type View = Schemas["ScreeningView"];
type Patch = Partial<View["settings"]>;

const MODES = ["off", "on", "shadow"] as const;
const ACTIONS = ["hang_up", "leave_message", "connect"] as const;

/** Who answers: whether the screener listens, what it heard today, how often it errs, and its dials. */
export function ScreeningPanel({ campaignId, version }: { campaignId: number; version: number }) {
  const { t } = useTranslation();
  const path = { params: { path: { id: campaignId } } };
  const key = ["screening", campaignId, version];
  const view = useQuery({
    queryKey: key,
    queryFn: () => answer(api.GET("/api/v1/campaigns/{id}/screening", path)),
    refetchInterval: (query) => (query.state.status === "error" ? false : 10_000),
  }).data;
  if (!view) return null;
  return (
    <section aria-label={t("screening.title")} data-testid="screening">
      <Title order={3} size="h6" mb={8}>
        {t("screening.title")}
      </Title>
      {view.settings.screening !== "off" && <Figures view={view} />}
      <Dials key={view.version} view={view} campaignId={campaignId} queryKey={key} />
    </section>
  );
}

function Figures({ view }: { view: View }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const totals = new Map<string, number>();
  for (const { label, cause, calls } of view.verdicts) {
    const name = label === "unknown" ? wordsFor("unheard", cause) : wordsFor("verdict", label);
    totals.set(name, (totals.get(name) ?? 0) + calls);
  }
  const { share, low, high } = view.human_as_machine;
  return (
    <>
      {!view.screener_up && (
        <Alert color="orange" p="xs" mb={8} role="status" data-testid="screener-down">
          {t("screening.down", { reason: view.screener_reason ?? t("screening.notStarted") })}
        </Alert>
      )}
      <dl className="totals" data-testid="verdicts">
        {[...totals].map(([name, calls]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{formatNumber(calls, locale)}</dd>
          </div>
        ))}
      </dl>
      <Text size="sm" mb={8} data-testid="human-as-machine">
        {share === null || low === null || high === null
          ? t("screening.unmeasured")
          : t("screening.measured", {
              share: formatShare(share, locale),
              low: formatShare(low, locale),
              high: formatShare(high, locale),
              persons: view.control_persons,
              controls: view.controls,
            })}
      </Text>
      {view.controls > 0 && view.abandon_rate !== null && (
        <Text size="sm" mb={8} data-testid="abandonment-with-lost">
          {t("screening.abandonment", { rate: formatShare(view.abandon_rate, locale) })}
        </Text>
      )}
      <Text size="sm" c="dimmed" mb={8}>
        {t("screening.control", { share: formatShare(view.settings.control_share, locale) })}
      </Text>
    </>
  );
}

function Dials({ view, campaignId, queryKey }: { view: View; campaignId: number; queryKey: unknown[] }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<Patch>({});
  const shown = { ...view.settings, ...draft };
  const change = (part: Patch) => setDraft({ ...draft, ...part });
  const apply = useMutation({
    mutationFn: () =>
      answer(
        api.PATCH("/api/v1/campaigns/{id}/screening", {
          params: { path: { id: campaignId }, header: { "if-match": `"${view.version}"` } },
          body: draft,
        }),
      ),
    onSuccess: (changed) => {
      queries.setQueryData(queryKey, changed);
      setDraft({});
      showDone(t("supervisor.applied"));
    },
    onError: (error) => {
      setDraft({});
      void queries.invalidateQueries({ queryKey });
      showProblem(error);
    },
  });
  return (
    <form
      className="settings"
      onSubmit={(event) => {
        event.preventDefault();
        apply.mutate();
      }}
    >
      <Select
        label={t("screening.mode")}
        description={t(`screeningHelp.${shown.screening}`)}
        data={MODES.map((value) => ({ value, label: t(`screeningMode.${value}`) }))}
        value={shown.screening}
        onChange={(value) => value && change({ screening: value as View["settings"]["screening"] })}
        allowDeselect={false}
        data-testid="screening-mode"
      />
      {shown.screening !== "off" && (
        <>
          <Select
            label={t("screening.onMachine")}
            data={ACTIONS.map((value) => ({ value, label: t(`onMachine.${value}`) }))}
            value={shown.on_machine}
            onChange={(value) => value && change({ on_machine: value as View["settings"]["on_machine"] })}
            allowDeselect={false}
            data-testid="on-machine"
          />
          <NumberInput
            label={t("screening.costRatio")}
            value={shown.cost_ratio}
            onChange={(value) => typeof value === "number" && change({ cost_ratio: value })}
            min={1}
            max={1000}
            clampBehavior="strict"
            data-testid="cost-ratio"
          />
          <TradeOff points={view.trade_off} ratio={shown.cost_ratio} />
        </>
      )}
      <Group gap="xs">
        <Button
          type="submit"
          disabled={Object.keys(draft).length === 0}
          loading={apply.isPending}
          data-testid="apply-screening"
        >
          {t("supervisor.apply")}
        </Button>
      </Group>
    </form>
  );
}
