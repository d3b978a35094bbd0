import { Alert, Button, Checkbox, Group, Loader, Select, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../api/client";
import { formatNumber } from "../../format/amounts";
import { queries } from "../../session";
import { atWork, useCampaigns } from "../campaigns";
import { problemWords, showDone, showProblem } from "../notices";
import { same } from "../use_kept";
import { useLocale } from "../use_locale";
import { ColumnTable } from "./column_table";
import type { Import, Preview, Settings } from "./import";
import { useParts } from "./import_list";

const ENCODINGS = ["utf-8", "cp1252", "latin-1", "utf-16"];
const DELIMITERS = [",", ";", "\t", "|"];
/** Where the product is used first; any other country's code can be typed. */
const REGIONS = ["DO", "CO", "MX", "CL", "PE", "AR", "EC", "BR", "CR", "PA", "GT", "US"];

interface SettingsFormProps {
  file: Import;
  busy: boolean;
  onBegin: (work: "check" | "load", settings: Settings) => void;
}

/** How the file is to be read, seen on its first rows; then the check, then the load. */
export function SettingsForm({ file, busy, onBegin }: SettingsFormProps) {
  const { t } = useTranslation();
  // How its bytes are read; what the columns mean is decided here, not there.
  const [reading, setReading] = useState({
    encoding: file.settings?.encoding ?? null,
    delimiter: file.settings?.delimiter ?? null,
  });
  const preview = useQuery({
    queryKey: ["import-preview", file.id, reading],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () =>
      answer(api.POST("/api/v1/imports/{id}/preview", { params: { path: { id: file.id } }, body: reading })),
  });
  const readings = (
    <Group gap="sm" align="end">
      <Select
        label={t("imports.encoding")}
        data={ENCODINGS}
        placeholder={preview.data?.encoding ?? t("imports.asFound")}
        value={reading.encoding}
        onChange={(encoding) => setReading({ ...reading, encoding })}
        clearable
        clearButtonProps={{ "aria-label": t("imports.asFound") }}
        w={170}
        data-testid="import-encoding"
      />
      <Select
        label={t("imports.delimiter")}
        data={DELIMITERS.map((value) => ({ value, label: t(`imports.delimiters.${nameOf(value)}`) }))}
        placeholder={
          preview.data?.delimiter
            ? t(`imports.delimiters.${nameOf(preview.data.delimiter)}`)
            : t("imports.asFound")
        }
        value={reading.delimiter}
        onChange={(delimiter) => setReading({ ...reading, delimiter })}
        clearable
        clearButtonProps={{ "aria-label": t("imports.asFound") }}
        w={170}
      />
    </Group>
  );
  return (
    <section className="panel" aria-label={t("imports.columns")}>
      <Title order={2} size="h5">
        {t("imports.columns")}
      </Title>
      {preview.isPending && <Loader aria-label={t("app.loading")} />}
      {preview.isError && (
        <>
          <Alert color="red" data-testid="preview-problem">
            {problemWords(preview.error)}
          </Alert>
          {readings}
        </>
      )}
      {preview.data && (
        <Confirm
          key={`${reading.encoding} ${reading.delimiter}`}
          file={file}
          preview={preview.data}
          reading={reading}
          readings={preview.data.encoding === "xlsx" ? null : readings}
          busy={busy}
          onBegin={onBegin}
        />
      )}
    </section>
  );
}

const nameOf = (delimiter: string) =>
  ({ ",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe" })[delimiter] as "comma";

interface ConfirmProps extends SettingsFormProps {
  preview: Preview;
  reading: { encoding: string | null; delimiter: string | null };
  readings: React.ReactNode;
}

function Confirm({ file, preview, reading, readings, busy, onBegin }: ConfirmProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const parts = useParts();
  const campaigns = atWork(useCampaigns().data ?? []);
  const saved = useQuery({
    queryKey: ["mappings"],
    queryFn: () => answer(api.GET("/api/v1/imports/mappings")),
  });
  const used = saved.data?.find(({ name }) => name === preview.mapping);
  const [columns, setColumns] = useState<Record<string, string>>(
    () =>
      file.settings?.columns ??
      Object.fromEntries(preview.columns.map(({ name, target }) => [name, target ?? ""])),
  );
  // Undefined: as the saved mapping says.
  const [region, setRegion] = useState<string | null | undefined>(file.settings?.region);
  const [campaign, setCampaign] = useState<number | null>(file.settings?.campaign_id ?? null);
  const [listName, setListName] = useState(file.settings?.list_name ?? "");
  const [closeMissing, setCloseMissing] = useState(file.settings?.close_missing ?? false);
  const [skipBad, setSkipBad] = useState(false);
  const onlyCampaign = campaigns.length === 1 ? (campaigns[0]?.id ?? null) : null;
  const chosenRegion = (region === undefined ? used?.region : region) ?? null;
  const settings: Settings = {
    columns,
    encoding: reading.encoding ?? used?.encoding ?? null,
    delimiter: reading.delimiter ?? used?.delimiter ?? null,
    region: chosenRegion,
    campaign_id: file.kind === "leads" ? (campaign ?? onlyCampaign) : null,
    list_name: listName.trim() || null,
    skip_bad: skipBad,
    close_missing: closeMissing,
  };
  const targets = new Set(Object.values(columns).filter(Boolean));
  const needed = (parts.data?.columns[file.kind] ?? [])
    .filter(({ required }) => required)
    .map(({ name }) => name);
  const ofADebt = file.kind === "leads" && targets.has("debt_ref") ? (parts.data?.of_a_debt ?? []) : [];
  const missing = [...needed, ...ofADebt].filter((name) => !targets.has(name));
  const ready = missing.length === 0 && (file.kind === "cases" || settings.campaign_id !== null);
  const bad = file.leads?.bad_rows ?? file.cases?.bad_rows ?? 0;
  const checked =
    file.state === "checked" &&
    file.settings !== null &&
    same({ ...file.settings, skip_bad: false }, { ...settings, skip_bad: false });
  const goesOn = file.state === "interrupted" && file.settings !== null;
  return (
    <>
      {preview.mapping && (
        <Text size="sm" data-testid="mapping-used">
          {t("imports.byMapping", { name: preview.mapping })}
        </Text>
      )}
      <ColumnTable
        preview={preview}
        choices={parts.data?.columns[file.kind] ?? []}
        columns={columns}
        onChange={setColumns}
      />
      {missing.length > 0 && (
        <Alert color="yellow" data-testid="missing-columns">
          {t("imports.missing", {
            columns: missing.map((name) => t(`column.${name as "phone1"}`)).join(", "),
          })}
        </Alert>
      )}
      <Group gap="sm" align="end">
        {readings}
        <Select
          label={t("imports.region")}
          description={t("imports.regionText")}
          data={[...new Set([...REGIONS, ...(chosenRegion ? [chosenRegion] : [])])].map((value) => ({
            value,
            label: `${new Intl.DisplayNames(locale, { type: "region" }).of(value)} (${value})`,
          }))}
          placeholder={t("imports.noRegion")}
          value={chosenRegion}
          onChange={setRegion}
          searchable
          clearable
          clearButtonProps={{ "aria-label": t("imports.noRegion") }}
          w={300}
          data-testid="import-region"
        />
      </Group>
      {file.kind === "leads" && (
        <Group gap="sm" align="end">
          <Select
            label={t("imports.campaign")}
            data={campaigns.map(({ id, name }) => ({ value: String(id), label: name }))}
            value={settings.campaign_id ? String(settings.campaign_id) : null}
            onChange={(id) => setCampaign(id === null ? null : Number(id))}
            searchable
            required
            w={320}
            data-testid="import-campaign"
          />
          <TextInput
            label={t("imports.listName")}
            placeholder={file.name}
            value={listName}
            onChange={(event) => setListName(event.currentTarget.value)}
            maxLength={200}
            w={320}
          />
        </Group>
      )}
      {file.kind === "leads" && (
        <Checkbox
          label={t("imports.closeMissing")}
          description={t("imports.closeMissingText")}
          checked={closeMissing}
          onChange={(event) => setCloseMissing(event.currentTarget.checked)}
        />
      )}
      {(checked || goesOn) && bad > 0 && (
        <Checkbox
          label={t("imports.skipBad", { count: bad, n: formatNumber(bad, locale) })}
          checked={skipBad}
          onChange={(event) => setSkipBad(event.currentTarget.checked)}
          data-testid="skip-bad"
        />
      )}
      <Group gap="xs">
        <Button
          variant={checked || goesOn ? "default" : "filled"}
          loading={busy}
          disabled={!ready}
          onClick={() => onBegin("check", { ...settings, skip_bad: false })}
          data-testid="import-check"
        >
          {t("imports.check")}
        </Button>
        {(checked || goesOn) && (
          <Button
            loading={busy}
            disabled={!ready || (checked && bad > 0 && !skipBad)}
            onClick={() =>
              onBegin("load", goesOn ? { ...settings, skip_bad: file.settings?.skip_bad ?? false } : settings)
            }
            data-testid="import-load"
          >
            {t(goesOn ? "imports.goOn" : "imports.load")}
          </Button>
        )}
        {!checked && !goesOn && (
          <Text size="sm" c="dimmed">
            {t("imports.checkFirst")}
          </Text>
        )}
      </Group>
      <SaveMapping file={file} settings={settings} known={preview.mapping ?? ""} />
    </>
  );
}

/** How this creditor writes, kept for his next file. */
function SaveMapping({ file, settings, known }: { file: Import; settings: Settings; known: string }) {
  const { t } = useTranslation();
  const [name, setName] = useState(known);
  const save = useMutation({
    mutationFn: () => {
      const { columns, encoding, delimiter, region } = settings;
      const body = { name: name.trim(), kind: file.kind, columns, encoding, delimiter, region };
      return answer(api.PUT("/api/v1/imports/mappings", { body }));
    },
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["mappings"] });
      showDone(t("imports.mappingSaved", { name: name.trim() }));
    },
    onError: showProblem,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Group gap="xs" align="end">
        <TextInput
          label={t("imports.mappingName")}
          placeholder={t("imports.mappingExample")}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={80}
          w={420}
          data-testid="mapping-name"
        />
        <Button
          type="submit"
          variant="default"
          disabled={name.trim() === ""}
          loading={save.isPending}
          data-testid="save-mapping"
        >
          {t("imports.saveMapping")}
        </Button>
      </Group>
    </form>
  );
}
