import { Alert, Button, Group, Loader, Switch, Table, Text, Title } from "@mantine/core";
import { IconCopy } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { answer, api } from "../../api/client";
import { formatNumber } from "../../format/amounts";
import type { CampaignLive } from "../../state/state";
import { useLive } from "../../state/store";
import { problemWords } from "../notices";
import { CampaignState } from "../supervisor/campaign_state";
import { useLocale } from "../use_locale";
import { breachWords, ENTRIES, type Entry, lawName, PARTS, type Parts } from "./setup";

/** Every campaign with its state and what keeps it from starting. */
export function CampaignList() {
  const { t } = useTranslation();
  const [archived, setArchived] = useState(false);
  const entries = useQuery({
    queryKey: ENTRIES,
    queryFn: () => answer(api.GET("/api/v1/campaigns/setups")),
    refetchInterval: 15_000,
  });
  const parts = useQuery({
    queryKey: PARTS,
    queryFn: () => answer(api.GET("/api/v1/campaigns/parts")),
  });
  const failed = entries.error ?? parts.error;
  const shown = entries.data?.filter((entry) => entry.archived === archived);
  const away = entries.data?.filter((entry) => entry.archived).length ?? 0;
  return (
    <>
      <Group justify="space-between">
        <div>
          <Title order={1} size="h4">
            {t("campaigns.title")}
          </Title>
          <Text size="sm" c="dimmed">
            {t("campaigns.text")}
          </Text>
        </div>
        <Group>
          {(away > 0 || archived) && (
            <Switch
              label={t("campaigns.showArchive", { count: away })}
              checked={archived}
              onChange={(event) => setArchived(event.currentTarget.checked)}
              data-testid="show-archive"
            />
          )}
          <Button component={Link} href="/campaigns/new" data-testid="add-campaign">
            {t("campaigns.add")}
          </Button>
        </Group>
      </Group>
      {failed && <Alert color="red">{problemWords(failed)}</Alert>}
      {!failed && !shown && <Loader aria-label={t("app.loading")} />}
      {shown?.length === 0 && (
        <div className="panel" data-testid="no-campaigns">
          <Text fw={600}>{archived ? t("campaigns.emptyArchive") : t("campaigns.empty")}</Text>
          {!archived && <Text c="dimmed">{t("campaigns.emptyText")}</Text>}
        </div>
      )}
      {shown && shown.length > 0 && <Entries entries={shown} parts={parts.data} />}
    </>
  );
}

function Entries({ entries, parts }: { entries: Entry[]; parts: Parts | undefined }) {
  const { t } = useTranslation();
  const live = useLive((state) => state.campaigns);
  return (
    <div className="panel scroll-across">
      <Table fz="sm" verticalSpacing={8} horizontalSpacing={10} data-testid="campaign-list">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("campaigns.name")}</Table.Th>
            <Table.Th>{t("campaigns.state")}</Table.Th>
            <Table.Th>{t("campaigns.group")}</Table.Th>
            <Table.Th>{t("campaigns.law")}</Table.Th>
            <Table.Th>{t("campaigns.mode")}</Table.Th>
            <Table.Th ta="right">{t("campaigns.leadsLeft")}</Table.Th>
            <Table.Th>{t("campaigns.missing")}</Table.Th>
            <Table.Th aria-label={t("campaigns.copy")} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => (
            <Row key={entry.id} entry={entry} live={live[entry.id]} parts={parts} />
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

interface RowProps {
  entry: Entry;
  live: CampaignLive | undefined;
  parts: Parts | undefined;
}

function Row({ entry, live, parts }: RowProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const law = parts?.laws.find(({ name }) => name === entry.rule_set);
  return (
    <Table.Tr data-testid={`entry-${entry.id}`}>
      <Table.Td>
        <Link className="campaign-link" href={`/campaigns/${entry.id}`}>
          {entry.name}
        </Link>
      </Table.Td>
      <Table.Td>
        <CampaignState campaign={live ?? entry} />
      </Table.Td>
      <Table.Td>{entry.agent_group}</Table.Td>
      <Table.Td>{lawName(law ?? { name: entry.rule_set, place: "" }, t, locale)}</Table.Td>
      <Table.Td>{t(`mode.${live?.mode ?? entry.mode}`)}</Table.Td>
      <Table.Td ta="right">{live ? formatNumber(live.leads_left, locale) : "—"}</Table.Td>
      <Table.Td>
        <Missing entry={entry} />
      </Table.Td>
      <Table.Td ta="right">
        <Button
          component={Link}
          href={`/campaigns/new?copy=${entry.id}`}
          variant="default"
          size="compact-xs"
          leftSection={<IconCopy size={14} />}
          aria-label={t("campaigns.copyOf", { name: entry.name })}
          data-testid={`copy-${entry.id}`}
        >
          {t("campaigns.copy")}
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

/** The first thing in the way, and how many more. */
function Missing({ entry }: { entry: Entry }) {
  const { t } = useTranslation();
  const locale = useLocale();
  // That it is put away is what the list of the archive says.
  const [first, ...others] = entry.breaches.filter(({ fault }) => fault !== "archived");
  if (first === undefined)
    return <Text size="sm">{entry.has_leads ? t("campaigns.nothing") : t("campaigns.noLeads")}</Text>;
  return (
    <Text size="sm" c="var(--poor)">
      {breachWords(first, locale)}
      {others.length > 0 && ` ${t("campaigns.andMore", { count: others.length })}`}
    </Text>
  );
}
