import { Alert, Button, Group, Modal, NumberInput, Table, Text, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { answer, api } from "../../api/client";
import { formatNumber, formatShare } from "../../format/amounts";
import { queries } from "../../session";
import { wordsFor } from "../../words";
import { problemWords, showDone, showProblem } from "../notices";
import { useLocale } from "../use_locale";
import { Diff } from "./diff";
import { SCRIPTS, type Version } from "./script";

/** All scripts with their versions, who hears each, and what each brought. */
export function VersionTable() {
  const { t } = useTranslation();
  const found = useQuery({ queryKey: SCRIPTS, queryFn: () => answer(api.GET("/api/v1/scripts")) });
  const byName = new Map<string, Version[]>();
  for (const version of found.data ?? [])
    byName.set(version.name, [...(byName.get(version.name) ?? []), version]);
  return (
    <>
      <Group justify="space-between">
        <div>
          <Title order={1} size="h4">
            {t("scripts.title")}
          </Title>
          <Text size="sm" c="dimmed">
            {t("scripts.text")}
          </Text>
        </div>
        <Button component={Link} href="/scripts/new" data-testid="add-script">
          {t("scripts.add")}
        </Button>
      </Group>
      {found.isError && <Alert color="red">{problemWords(found.error)}</Alert>}
      {found.data?.length === 0 && <Text c="dimmed">{t("scripts.empty")}</Text>}
      {[...byName].map(([name, versions]) => (
        <Versions key={name} name={name} versions={versions.toReversed()} />
      ))}
    </>
  );
}

/** One script's versions, the newest first. */
function Versions({ name, versions }: { name: string; versions: Version[] }) {
  const { t } = useTranslation();
  const [diffed, setDiffed] = useState<{ old: Version; new: Version } | null>(null);
  return (
    <section className="panel" aria-label={name} data-testid={`script-${versions[0]?.script_id}`}>
      <Title order={2} size="h5">
        {name}
      </Title>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <div className="scroll-across" tabIndex={0}>
        <Table fz="sm" verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("scripts.version")}</Table.Th>
              <Table.Th>{t("scripts.state")}</Table.Th>
              <Table.Th ta="right">{t("scripts.share")}</Table.Th>
              <Table.Th ta="right">{t("scripts.leads")}</Table.Th>
              <Table.Th ta="right">{t("scripts.conversion")}</Table.Th>
              <Table.Th ta="right">{t("scripts.handling")}</Table.Th>
              <Table.Th>{t("scripts.against")}</Table.Th>
              <Table.Td />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {versions.map((version, index) => (
              <Row
                key={version.id}
                version={version}
                before={versions[index + 1] ?? null}
                onDiff={(old) => setDiffed({ old, new: version })}
              />
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {diffed && <Diff old={diffed.old} new={diffed.new} onClose={() => setDiffed(null)} />}
    </section>
  );
}

interface RowProps {
  version: Version;
  before: Version | null;
  onDiff: (old: Version) => void;
}

function Row({ version, before, onDiff }: RowProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const share = (value: number) => formatShare(value, locale);
  const { conversion, conversion_gap, handling_gap_s, judgement, rival } = version;
  return (
    <Table.Tr data-testid={`version-${version.id}`}>
      <Table.Td>{version.number}</Table.Td>
      <Table.Td>{wordsFor("versionState", version.state)}</Table.Td>
      <Table.Td ta="right">{version.share > 0 ? formatShare(version.share / 100, locale, 0) : "—"}</Table.Td>
      <Table.Td ta="right">{formatNumber(version.leads, locale)}</Table.Td>
      <Table.Td ta="right">
        {conversion ? (
          <>
            <b>{share(version.promised / version.leads)}</b>{" "}
            <Text span size="xs" c="dimmed">
              {share(conversion.low)} – {share(conversion.high)}
            </Text>
          </>
        ) : (
          "—"
        )}
      </Table.Td>
      <Table.Td ta="right">
        {version.handling_s === null ? "—" : `${formatNumber(version.handling_s, locale, 0)} s`}
      </Table.Td>
      <Table.Td>
        {judgement && rival !== null && wordsFor("judgement", judgement, { rival: String(rival) })}
        <Text size="xs" c="dimmed">
          {conversion_gap &&
            t("scripts.gap", { low: share(conversion_gap.low), high: share(conversion_gap.high) })}
          {handling_gap_s &&
            `; ${t("scripts.timeGap", {
              low: formatNumber(handling_gap_s.low, locale, 0),
              high: formatNumber(handling_gap_s.high, locale, 0),
            })}`}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={6} wrap="nowrap" justify="flex-end">
          {before && (
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => onDiff(before)}
              data-testid={`diff-${version.id}`}
            >
              {t("scripts.diff")}
            </Button>
          )}
          <Button
            size="compact-sm"
            variant="default"
            component={Link}
            href={`/scripts/${version.id}`}
            data-testid={`open-${version.id}`}
          >
            {t("scripts.open")}
          </Button>
          <Publish version={version} />
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

function Publish({ version }: { version: Version }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const [share, setShare] = useState(version.share || 100);
  const publish = useMutation({
    mutationFn: () =>
      answer(
        api.POST("/api/v1/scripts/versions/{id}/publish", {
          params: { path: { id: version.id } },
          body: { share },
        }),
      ),
    onSuccess: async () => {
      setAsking(false);
      showDone(t("scripts.published"));
      await queries.invalidateQueries({ queryKey: SCRIPTS });
    },
    onError: showProblem,
  });
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        onClick={() => setAsking(true)}
        data-testid={`publish-${version.id}`}
      >
        {t("scripts.publish")}
      </Button>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={t("scripts.publishTitle", { number: version.number, name: version.name })}
        closeButtonProps={{ "aria-label": t("app.close") }}
        centered
      >
        <form
          onSubmit={(event) => {
            event.preventDefault();
            publish.mutate();
          }}
        >
          <NumberInput
            label={t("scripts.publishText")}
            value={share}
            onChange={(value) => typeof value === "number" && setShare(value)}
            min={1}
            max={100}
            clampBehavior="strict"
            allowDecimal={false}
            data-autofocus
            data-testid="share"
          />
          <Group justify="flex-end" mt="md">
            <Button variant="default" onClick={() => setAsking(false)}>
              {t("app.cancel")}
            </Button>
            <Button type="submit" loading={publish.isPending} data-testid="publish-confirm">
              {t("scripts.publish")}
            </Button>
          </Group>
        </form>
      </Modal>
    </>
  );
}
