import { Button, Group, Text, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { answer, api } from "../../api/client";
import { formatNumber } from "../../format/amounts";
import { formatDateTime } from "../../format/times";
import { queries } from "../../session";
import { showProblem } from "../notices";
import { useLocale } from "../use_locale";
import { conditionsInWords } from "./condition_words";
import { SEGMENTS, type Segment } from "./segment";

const RUNS = ["segment-runs"];

export function SegmentList({ segments }: { segments: Segment[] }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const n = (value: number) => formatNumber(value, locale);
  return (
    <>
      <Group justify="space-between">
        <div>
          <Title order={1} size="h4">
            {t("segments.title")}
          </Title>
          <Text size="sm" c="dimmed">
            {t("segments.text")}
          </Text>
        </div>
        <Button component={Link} href="/segments/new" data-testid="add-segment">
          {t("segments.add")}
        </Button>
      </Group>
      {segments.length === 0 && <Text c="dimmed">{t("segments.empty")}</Text>}
      <ol className="rows segment-list">
        {segments.map((segment) => (
          <li key={segment.id}>
            <Link href={`/segments/${segment.id}`} data-testid={`segment-${segment.id}`}>
              <span>
                <b>{segment.name}</b>
                {!segment.active && (
                  <Text span c="dimmed">
                    {" "}
                    · {t("segments.off")}
                  </Text>
                )}
              </span>
              <Text span c="dimmed" inherit>
                {conditionsInWords(segment.conditions, locale)}
              </Text>
              <Text span inherit ta="right">
                {t("segments.leads", { count: segment.leads, n: n(segment.leads) })}
              </Text>
            </Link>
          </li>
        ))}
      </ol>
      <Moves />
    </>
  );
}

/** Who moved in the newest run. */
function Moves() {
  const { t } = useTranslation();
  const locale = useLocale();
  const runs = useQuery({
    queryKey: RUNS,
    queryFn: () => answer(api.GET("/api/v1/segments/runs", { params: { query: { limit: 1 } } })),
  });
  const again = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/segments/runs")),
    onError: showProblem,
    onSettled: () => Promise.all([SEGMENTS, RUNS].map((queryKey) => queries.invalidateQueries({ queryKey }))),
  });
  const run = runs.data?.[0];
  const n = (value: number) => formatNumber(value, locale);
  return (
    <section className="panel" aria-label={t("segments.moved")} data-testid="moves">
      <Group justify="space-between">
        <Title order={2} size="h5">
          {t("segments.moved")}
        </Title>
        <Button
          variant="default"
          size="xs"
          loading={again.isPending}
          onClick={() => again.mutate()}
          data-testid="run-segments"
        >
          {t("segments.runNow")}
        </Button>
      </Group>
      {runs.data && !run && <Text c="dimmed">{t("segments.neverRun")}</Text>}
      {run && (
        <Text size="sm">
          {t("segments.movedText", {
            when: formatDateTime(Date.parse(run.started_at), locale),
            leads: n(run.leads),
            moved: n(run.moved),
          })}
        </Text>
      )}
      {run?.moved === 0 && <Text c="dimmed">{t("segments.nobodyMoved")}</Text>}
      <ul className="moves">
        {run?.moves.map((move) => (
          <li key={`${move.from_name} ${move.to_name}`}>
            {move.from_name ?? t("segments.none")} → <b>{move.to_name ?? t("segments.none")}</b>:{" "}
            {n(move.leads)}
          </li>
        ))}
      </ul>
    </section>
  );
}
