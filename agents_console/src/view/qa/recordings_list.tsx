import { Alert, Button, Center, Loader, Table, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { answer, api, type Schemas } from "../../api/client";
import { formatPhone } from "../../format/amounts";
import { formatDateTime, formatSpan } from "../../format/times";
import { problemWords } from "../notices";
import { useLocale } from "../use_locale";
import { NO_FILTERS, toQuery } from "./filters";
import { RecordingFilters } from "./recording_filters";
import { useDispositionLabels } from "./use_disposition_labels";

type Recording = Schemas["RecordingView"];

export function RecordingsList({ chosen }: { chosen: number | null }) {
  const { t } = useTranslation();
  const [filters, setFilters] = useState(NO_FILTERS);
  const [settled] = useDebouncedValue(filters, 250);
  const labels = useDispositionLabels();
  const [agents, setAgents] = useState<Record<number, string>>({});
  const pages = useInfiniteQuery({
    queryKey: ["recordings", settled],
    queryFn: ({ pageParam }) =>
      answer(
        api.GET("/api/v1/recordings", {
          params: { query: { ...toQuery(settled), cursor: pageParam ?? undefined } },
        }),
      ),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => (last.next_cursor === null ? null : Number(last.next_cursor)),
  });
  const recordings = pages.data?.pages.flatMap((page) => page.items) ?? [];

  // There is no list of agents for reviewers: those whose recordings were seen can be chosen.
  useEffect(() => {
    const seen = pages.data?.pages.flatMap((page) => page.items) ?? [];
    setAgents((known) => {
      const all = { ...known };
      for (const { agent_id, agent_name } of seen)
        if (agent_id !== null) all[agent_id] = agent_name ?? String(agent_id);
      return Object.keys(all).length === Object.keys(known).length ? known : all;
    });
  }, [pages.data]);

  return (
    <section className="panel" aria-label={t("qa.title")}>
      <RecordingFilters filters={filters} onChange={setFilters} agents={agents} dispositions={labels} />
      {pages.isError && (
        <Alert color="red" role="alert">
          {problemWords(pages.error)}
        </Alert>
      )}
      {pages.isPending && (
        <Center mih={160}>
          <Loader aria-label={t("app.loading")} />
        </Center>
      )}
      {pages.isSuccess && recordings.length === 0 && (
        <Center mih={160} data-testid="no-recordings">
          <Text c="dimmed">{settled === NO_FILTERS ? t("qa.noneYet") : t("qa.none")}</Text>
        </Center>
      )}
      {recordings.length > 0 && <Rows recordings={recordings} chosen={chosen} labels={labels} />}
      {pages.hasNextPage && (
        <Center>
          <Button
            variant="default"
            onClick={() => pages.fetchNextPage()}
            loading={pages.isFetchingNextPage}
            data-testid="more"
          >
            {t("qa.more")}
          </Button>
        </Center>
      )}
    </section>
  );
}

interface RowsProps {
  recordings: Recording[];
  chosen: number | null;
  labels: Record<string, string>;
}

function Rows({ recordings, chosen, labels }: RowsProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  return (
    <Table.ScrollContainer minWidth={760}>
      <Table verticalSpacing={8} highlightOnHover className="recordings">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("qa.date")}</Table.Th>
            <Table.Th>{t("qa.person")}</Table.Th>
            <Table.Th>{t("qa.agent")}</Table.Th>
            <Table.Th>{t("qa.campaign")}</Table.Th>
            <Table.Th>{t("qa.disposition")}</Table.Th>
            <Table.Th ta="right">{t("qa.duration")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {recordings.map((recording) => (
            <Table.Tr
              key={recording.id}
              data-chosen={recording.id === chosen}
              data-testid={`recording-${recording.id}`}
            >
              <Table.Td>
                <Link
                  href={`/qa/${recording.id}`}
                  className="row-link"
                  aria-current={recording.id === chosen ? "true" : undefined}
                >
                  {formatDateTime(Date.parse(recording.started_at), locale)}
                </Link>
              </Table.Td>
              <Table.Td>
                {recording.person_name}
                <Text size="sm" c="dimmed">
                  {formatPhone(recording.number)}
                </Text>
              </Table.Td>
              <Table.Td>{recording.agent_name ?? "—"}</Table.Td>
              <Table.Td>{recording.campaign_name}</Table.Td>
              <Table.Td>
                {recording.disposition === null
                  ? "—"
                  : (labels[recording.disposition] ?? recording.disposition)}
              </Table.Td>
              <Table.Td ta="right">{formatSpan(recording.duration_ms)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
