import { Button, Text, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { answer, api, type Schemas } from "../../api/client";
import { formatShare } from "../../format/amounts";
import { queries } from "../../session";
import type { CampaignLive } from "../../state/state";
import { wordsFor } from "../../words";
import { showDone, showProblem } from "../notices";
import { useLocale } from "../use_locale";

type Change = Schemas["CampaignChangeView"];
type Figures = Schemas["StretchFigures"];

/** Who changed what, what came of it, and the way back. */
export function ChangeLog({ campaign }: { campaign: CampaignLive }) {
  const { t } = useTranslation();
  const path = { id: campaign.id };
  const log = useQuery({
    // With the version: whoever changes the settings, the log is read again.
    queryKey: ["changes", campaign.id, campaign.version],
    queryFn: () => answer(api.GET("/api/v1/campaigns/{id}/changes", { params: { path } })),
    staleTime: 30_000,
  });
  const undo = useMutation({
    mutationFn: (change: Change) =>
      answer(
        api.POST("/api/v1/campaigns/{id}/changes/{change_id}/undo", {
          params: {
            path: { ...path, change_id: change.id },
            header: { "if-match": `"${campaign.version}"` },
          },
        }),
      ),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["changes", campaign.id] });
      void queries.invalidateQueries({ queryKey: ["campaigns"] });
      showDone(t("supervisor.undone"));
    },
    onError: showProblem,
  });
  return (
    <section aria-label={t("supervisor.changes")} className="changes" data-testid="changes">
      <Title order={3} size="h6" mb={8}>
        {t("supervisor.changes")}
      </Title>
      {log.data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("supervisor.noChanges")}
        </Text>
      )}
      <ol className="change-list">
        {log.data?.map((change) => (
          <Entry key={change.id} change={change} busy={undo.isPending} onUndo={() => undo.mutate(change)} />
        ))}
      </ol>
    </section>
  );
}

function Entry({ change, busy, onUndo }: { change: Change; busy: boolean; onUndo: () => void }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const when = new Intl.DateTimeFormat(locale, { dateStyle: "short", timeStyle: "short" });
  return (
    <li data-testid={`change-${change.id}`}>
      <div className="change-head">
        <span>
          {when.format(new Date(change.at))} · {change.user_name ?? t("supervisor.byCommand")}
          {change.undoes_id !== null && ` · ${t("supervisor.undoing")}`}
        </span>
        {change.undoable && (
          <Button size="compact-xs" variant="default" disabled={busy} onClick={onUndo} data-testid="undo">
            {t("supervisor.undo")}
          </Button>
        )}
      </div>
      <ul className="change-values">
        {Object.entries(change.after).map(([name, value]) => (
          <li key={name}>
            {wordsFor("setting", name)}:{" "}
            {name in change.before && `${showValue(name, change.before[name], locale)} → `}
            <b>{showValue(name, value, locale)}</b>
          </li>
        ))}
      </ul>
      {change.figures_before.attempts + change.figures_after.attempts > 0 && (
        <Text size="xs" c="dimmed">
          {t("supervisor.beforeAfter", {
            before: t("supervisor.effectFigures", effect(change.figures_before, locale)),
            after: t("supervisor.effectFigures", effect(change.figures_after, locale)),
          })}
        </Text>
      )}
    </li>
  );
}

function effect(figures: Figures, locale: string): { occupancy: string; abandonment: string } {
  const share = (value: number | null) => (value === null ? "—" : formatShare(value, locale));
  return { occupancy: share(figures.occupancy), abandonment: share(figures.abandon_rate) };
}

/** A setting's value in the words of the form. */
function showValue(name: string, value: Change["after"][string] | undefined, locale: string): string {
  if (name === "abandon_cap" && typeof value === "number") return formatShare(value, locale);
  if (typeof value === "number") return new Intl.NumberFormat(locale).format(value);
  const text = String(value ?? "—");
  if (name === "mode") return wordsFor("mode", text);
  if (name === "policy") return wordsFor("policy", text);
  if (name === "abandon_window") return wordsFor("window", text);
  if (name === "screening") return wordsFor("screeningMode", text);
  if (name === "on_machine") return wordsFor("onMachine", text);
  if (name === "recording_notice") return wordsFor("recordingNotice", text);
  if (typeof value === "boolean") return wordsFor("yesNo", text);
  return text;
}
