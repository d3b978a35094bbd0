import { Alert, Anchor, Button, Group, Select, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { answer, api, type Schemas } from "../../api/client";
import { formatMoney, formatNumber } from "../../format/amounts";
import { queries } from "../../session";
import { Conflict } from "../conflict";
import { problemWords } from "../notices";
import { UndoButton } from "../undo_button";
import { type Kept, useKept } from "../use_kept";
import { useLocale } from "../use_locale";
import { ConditionBuilder, isComplete } from "./conditions";
import { type Parts, SEGMENTS, type Segment } from "./segment";
import { TreatmentForm } from "./treatment";

type Settings = Schemas["SegmentSettings"];

/** After so long without a change the leads are counted. */
const PAUSE_MS = 500;
const NEW: Settings = {
  name: "",
  active: true,
  conditions: { match: "all", conditions: [] },
  treatment: { number_order: "listed" },
};

/** A new segment has no version yet. */
const NEVER_STORED = { version: 0, settings: NEW };

const keptOf = ({ id: _, leads: __, version, ...settings }: Segment): Kept<Settings> => ({
  version,
  settings,
});

interface SegmentFormProps {
  segment: Segment | null;
  isNew: boolean;
  parts: Parts;
}

export function SegmentForm({ segment, isNew, parts }: SegmentFormProps) {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const kept = useKept<Settings>(segment ? keptOf(segment) : NEVER_STORED, {
    read: async () => {
      const all = await answer(api.GET("/api/v1/segments"));
      queries.setQueryData(SEGMENTS, all);
      return keptOf(all.find(({ id }) => id === segment?.id) ?? (segment as Segment));
    },
    write: async (settings, version) => {
      const stored = await answer(
        segment
          ? api.PUT("/api/v1/segments/{id}", {
              params: { path: { id: segment.id }, header: { "if-match": `"${version}"` } },
              body: settings,
            })
          : api.POST("/api/v1/segments", { body: settings }),
      );
      await queries.invalidateQueries({ queryKey: SEGMENTS });
      if (!segment) go(`/segments/${stored.id}`, { replace: true });
      return keptOf(stored);
    },
  });
  if (!segment && !isNew) return <Text>{t("segments.notFound")}</Text>;

  const { draft, setDraft } = kept;
  const { conditions } = draft;
  const complete = conditions === null || conditions.conditions.every(isComplete);
  return (
    <>
      <Anchor component={Link} href="/segments" size="sm" underline="always" w="fit-content">
        {t("segments.back")}
      </Anchor>
      <Title order={1} size="h4">
        {segment?.name ?? t("segments.add")}
      </Title>
      <form
        className="segment-form"
        onSubmit={(event) => {
          event.preventDefault();
          kept.save(t("segments.saved"));
        }}
      >
        <section className="panel" aria-label={t("segments.conditions")}>
          {isNew && (
            <Select
              label={t("segments.preset")}
              data={parts.presets.map(({ name }) => name)}
              value={null}
              onChange={(name) => {
                const preset = parts.presets.find((each) => each.name === name);
                if (preset) setDraft({ ...draft, ...preset });
              }}
              data-testid="preset"
            />
          )}
          <TextInput
            label={t("segments.name")}
            value={draft.name}
            onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
            maxLength={80}
            required
            data-testid="segment-name"
          />
          <Title order={2} size="h5">
            {t("segments.conditions")}
          </Title>
          {conditions === null ? (
            <Text c="dimmed">{t("segments.byFiles")}</Text>
          ) : (
            <>
              <ConditionBuilder
                fields={parts.fields}
                conditions={conditions}
                onChange={(changed) => setDraft({ ...draft, conditions: changed })}
              />
              <Count conditions={conditions} complete={complete} />
            </>
          )}
        </section>
        <section className="panel" aria-label={t("segments.treatment")}>
          <Title order={2} size="h5">
            {t("segments.treatment")}
          </Title>
          <TreatmentForm settings={draft} scripts={parts.scripts} onChange={setDraft} />
          {kept.theirs && (
            <Conflict
              busy={kept.isSaving}
              onTake={kept.takeTheirs}
              onKeep={() => kept.keepMine(t("segments.saved"))}
            />
          )}
          <Group gap="xs">
            <Button
              type="submit"
              loading={kept.isSaving}
              disabled={!complete || draft.name.trim() === ""}
              data-testid="save-segment"
            >
              {t("segments.save")}
            </Button>
            <UndoButton kept={kept} testid="undo-segment" />
          </Group>
        </section>
      </form>
    </>
  );
}

/** How many leads meet the conditions now, and what they owe: counted as they are built, before anything is kept. */
function Count({ conditions, complete }: { conditions: Schemas["ConditionsView"]; complete: boolean }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const [asked] = useDebouncedValue(complete ? conditions : null, PAUSE_MS);
  const counted = useQuery({
    queryKey: ["segment-count", asked],
    enabled: asked !== null,
    placeholderData: keepPreviousData,
    queryFn: () => answer(api.POST("/api/v1/segments/count", { body: { conditions: asked ?? conditions } })),
  });
  if (!complete) return <div className="segment-count">{t("segments.unfinished")}</div>;
  if (counted.isError) return <Alert color="yellow">{problemWords(counted.error)}</Alert>;
  const found = counted.data;
  if (!found) return <div className="segment-count">{t("segments.counting")}</div>;
  const sums = Object.entries(found.balances_minor).map(([currency, minor]) =>
    formatMoney(minor, currency, locale),
  );
  return (
    <div className="segment-count" data-testid="segment-count" aria-busy={counted.isFetching}>
      <b>
        {t("segments.count", {
          leads: formatNumber(found.leads, locale),
          of: formatNumber(found.of, locale),
        })}
      </b>
      {sums.length > 0 && <Text size="sm">{t("segments.owing", { sums: sums.join(" + ") })}</Text>}
    </div>
  );
}
