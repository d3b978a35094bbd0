import {
  Alert,
  Badge,
  Button,
  FileInput,
  Group,
  Loader,
  Progress,
  SegmentedControl,
  Text,
  Title,
} from "@mantine/core";
import { IconFileSpreadsheet, IconUpload } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { answer, api } from "../../api/client";
import { formatNumber, formatShare, formatSize } from "../../format/amounts";
import { formatDateTime } from "../../format/times";
import { queries } from "../../session";
import { problemWords } from "../notices";
import { useLocale } from "../use_locale";
import { type FileKind, IMPORTS, type Import, isBusy, LOOK_AGAIN_MS } from "./import";
import { sendFile } from "./send_file";

const COLOURS: Record<Import["state"], string> = {
  waiting: "gray",
  checking: "blue",
  checked: "blue",
  loading: "blue",
  loaded: "teal",
  refused: "red",
  interrupted: "orange",
};

export function StateBadge({ state }: { state: Import["state"] }) {
  const { t } = useTranslation();
  return (
    <Badge variant="light" color={COLOURS[state]} data-testid="import-state" data-state={state}>
      {t(`imports.state.${state}`)}
    </Badge>
  );
}

export function ImportList() {
  const { t } = useTranslation();
  const files = useQuery({
    queryKey: IMPORTS,
    queryFn: () => answer(api.GET("/api/v1/imports")),
    refetchInterval: (query) => (query.state.data?.some(isBusy) ? LOOK_AGAIN_MS : false),
  });
  return (
    <>
      <div>
        <Title order={1} size="h4">
          {t("imports.title")}
        </Title>
        <Text size="sm" c="dimmed">
          {t("imports.text")}
        </Text>
      </div>
      <Bring />
      <section aria-label={t("imports.earlier")}>
        <Title order={2} size="h5" mb={8}>
          {t("imports.earlier")}
        </Title>
        {files.isPending && <Loader aria-label={t("app.loading")} />}
        {files.isError && <Alert color="red">{problemWords(files.error)}</Alert>}
        {files.data?.length === 0 && <Text c="dimmed">{t("imports.none")}</Text>}
        <ul className="rows import-list">
          {files.data?.map((file) => (
            <Row key={file.id} file={file} />
          ))}
        </ul>
      </section>
    </>
  );
}

/** Choosing a file and bringing it; the page of the file opens when it is there. */
function Bring() {
  const { t } = useTranslation();
  const locale = useLocale();
  const [, go] = useLocation();
  const [file, setFile] = useState<File | null>(null);
  const [kind, setKind] = useState<FileKind>("leads");
  const [share, setShare] = useState(0);
  const parts = useParts();
  const most = parts.data?.max_bytes ?? Number.POSITIVE_INFINITY;
  const send = useMutation({
    mutationFn: (chosen: File) => sendFile(chosen, kind, setShare),
    onSuccess: (brought) => {
      void queries.invalidateQueries({ queryKey: IMPORTS });
      go(`/imports/${brought.id}`);
    },
  });
  const tooLarge = file !== null && file.size > most;
  return (
    <form
      className="panel import-bring"
      onSubmit={(event) => {
        event.preventDefault();
        setShare(0);
        if (file) send.mutate(file);
      }}
    >
      <SegmentedControl
        data={(["leads", "cases"] as const).map((value) => ({ value, label: t(`imports.kind.${value}`) }))}
        value={kind}
        onChange={(value) => setKind(value as FileKind)}
        disabled={send.isPending}
        aria-label={t("imports.what")}
        data-testid="import-kind"
      />
      <Text size="sm" c="dimmed">
        {t(`imports.kindText.${kind}`)}
      </Text>
      <Group align="end" gap="sm">
        <FileInput
          label={t("imports.file")}
          placeholder={t("imports.choose")}
          leftSection={<IconFileSpreadsheet size={18} aria-hidden />}
          accept=".csv,.txt,.tsv,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
          value={file}
          onChange={setFile}
          disabled={send.isPending}
          error={tooLarge ? t("imports.tooLarge", { most: formatSize(most, locale) }) : null}
          clearable
          clearButtonProps={{ "aria-label": t("imports.noFile") }}
          className="import-file"
          data-testid="import-file"
        />
        <Button
          type="submit"
          leftSection={<IconUpload size={18} aria-hidden />}
          loading={send.isPending}
          disabled={file === null || tooLarge}
          data-testid="import-send"
        >
          {t("imports.send")}
        </Button>
      </Group>
      {send.isPending && (
        <div>
          <Progress value={share * 100} aria-label={t("imports.sending")} />
          <Text size="sm" c="dimmed">
            {t("imports.sent", { share: formatShare(share, locale, 0) })}
          </Text>
        </div>
      )}
      {send.isError && <Alert color="red">{problemWords(send.error)}</Alert>}
    </form>
  );
}

export function useParts() {
  return useQuery({
    queryKey: ["import-parts"],
    queryFn: () => answer(api.GET("/api/v1/imports/parts")),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

function Row({ file }: { file: Import }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const n = (value: number) => formatNumber(value, locale);
  const { leads, cases } = file;
  return (
    <li>
      <Link href={`/imports/${file.id}`} data-testid={`import-${file.id}`}>
        <span className="import-name">
          <b>{file.name}</b>
          <Text span c="dimmed" inherit>
            {" "}
            · {t(`imports.kind.${file.kind}`)}
          </Text>
        </span>
        <span>
          <StateBadge state={file.state} />
        </span>
        <Text span c="dimmed" inherit>
          {leads &&
            t("imports.inShort", { rows: n(leads.rows), leads: n(leads.leads), bad: n(leads.bad_rows) })}
          {cases && t("imports.casesInShort", { rows: n(cases.rows), bad: n(cases.bad_rows) })}
          {!leads && !cases && formatSize(file.size_bytes, locale)}
        </Text>
        <Text span c="dimmed" inherit>
          {formatDateTime(Date.parse(file.created_at), locale)} · {file.user_name}
        </Text>
      </Link>
    </li>
  );
}
