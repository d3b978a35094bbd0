import { Button, Group, NumberInput, Select, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, answer, api, type Schemas } from "../../api/client";
import { queries } from "../../session";
import type { CampaignLive } from "../../state/state";
import { useCampaigns } from "../campaigns";
import { showDone, showProblem } from "../notices";

type Mode = CampaignLive["mode"];
type Patch = Schemas["CampaignPatch"];

const MODES: Mode[] = ["manual", "preview", "progressive", "power", "predictive"];

/** The settings as a person is changing them, with the version he saw when he began. */
interface Draft {
  version: number;
  mode: Mode;
  ratio: number;
  maxLines: number;
}

/** Mode and ratio, changed with Apply; refused when somebody else changed the campaign meanwhile. */
export function CampaignSettings({ campaign }: { campaign: CampaignLive }) {
  const { t } = useTranslation();
  const settings = useCampaigns().data?.find(({ id }) => id === campaign.id);
  const [draft, setDraft] = useState<Draft | null>(null);
  const now: Draft = {
    version: campaign.version,
    mode: campaign.mode,
    ratio: campaign.ratio,
    maxLines: settings?.max_lines_per_agent ?? 3,
  };
  const shown = draft ?? now;
  const patch = difference(now, shown);
  const change = (part: Partial<Draft>) => setDraft({ ...shown, ...part });

  const apply = useMutation({
    mutationFn: (body: Patch) =>
      answer(
        api.PATCH("/api/v1/campaigns/{id}", {
          params: { path: { id: campaign.id }, header: { "if-match": `"${shown.version}"` } },
          body,
        }),
      ),
    onSuccess: (view) => {
      queries.setQueryData<Schemas["CampaignView"][]>(["campaigns"], (all) =>
        all?.map((each) => (each.id === view.id ? view : each)),
      );
      setDraft(null);
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
          description={t(`modeHelp.${shown.mode}`)}
          data={MODES.map((mode) => ({ value: mode, label: t(`mode.${mode}`) }))}
          value={shown.mode}
          onChange={(mode) => mode && change({ mode: mode as Mode })}
          allowDeselect={false}
          data-testid="mode"
        />
        {shown.mode === "power" && (
          <NumberInput
            label={t("supervisor.ratio")}
            value={shown.ratio}
            onChange={(ratio) => typeof ratio === "number" && change({ ratio })}
            min={1}
            max={10}
            step={0.1}
            decimalScale={2}
            clampBehavior="strict"
            data-testid="ratio"
          />
        )}
        {shown.mode === "predictive" && settings && (
          <NumberInput
            label={t("supervisor.maxLines")}
            value={shown.maxLines}
            onChange={(maxLines) => typeof maxLines === "number" && change({ maxLines })}
            min={1}
            max={15}
            step={0.5}
            decimalScale={2}
            clampBehavior="strict"
            data-testid="max-lines"
          />
        )}
        <Group gap="xs">
          <Button
            type="submit"
            disabled={Object.keys(patch).length === 0}
            loading={apply.isPending}
            data-testid="apply"
          >
            {t("supervisor.apply")}
          </Button>
          {draft !== null && !apply.isPending && (
            <Button variant="subtle" color="gray" onClick={() => setDraft(null)}>
              {t("app.cancel")}
            </Button>
          )}
        </Group>
      </form>
    </section>
  );
}

/** What Apply sends: the fields that differ, and only those that count in the mode. */
function difference(now: Draft, wanted: Draft): Patch {
  const patch: Patch = {};
  if (wanted.mode !== now.mode) patch.mode = wanted.mode;
  if (wanted.mode === "power" && wanted.ratio !== now.ratio) patch.ratio = wanted.ratio;
  if (wanted.mode === "predictive" && wanted.maxLines !== now.maxLines)
    patch.max_lines_per_agent = wanted.maxLines;
  return patch;
}
