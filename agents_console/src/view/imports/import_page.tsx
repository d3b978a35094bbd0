import { Alert, Anchor, Button, Group, Loader, Progress, Text, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { answer, api, type Schemas } from "../../api/client";
import { formatNumber, formatSize } from "../../format/amounts";
import { formatDateTime } from "../../format/times";
import { queries } from "../../session";
import { wordsFor } from "../../words";
import { problemWords, showProblem } from "../notices";
import { useLocale } from "../use_locale";
import { IMPORTS, type Import, importKey, isBusy, LOOK_AGAIN_MS } from "./import";
import { StateBadge } from "./import_list";
import { Report } from "./report";
import { SettingsForm } from "./settings_form";

/** One file, from its columns to its reconciliation. */
export function ImportPage({ id }: { id: number }) {
  const { t } = useTranslation();
  const path = { id };
  const file = useQuery({
    queryKey: importKey(id),
    queryFn: () => answer(api.GET("/api/v1/imports/{id}", { params: { path } })),
    refetchInterval: (query) => (query.state.data && isBusy(query.state.data) ? LOOK_AGAIN_MS : false),
  });
  return (
    <>
      <Anchor component={Link} href="/imports" size="sm" underline="always" w="fit-content">
        {t("imports.back")}
      </Anchor>
      {file.isPending && <Loader aria-label={t("app.loading")} />}
      {file.isError && <Alert color="red">{problemWords(file.error)}</Alert>}
      {file.data && <Opened file={file.data} />}
    </>
  );
}

function Opened({ file }: { file: Import }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const [, go] = useLocation();
  const path = { id: file.id };
  const keep = (now: Import) => {
    queries.setQueryData(importKey(file.id), now);
    void queries.invalidateQueries({ queryKey: IMPORTS });
  };
  const begin = useMutation({
    mutationFn: ({ work, settings }: { work: "check" | "load"; settings: Schemas["ImportSettings"] }) =>
      answer(
        work === "check"
          ? api.POST("/api/v1/imports/{id}/check", { params: { path }, body: settings })
          : api.POST("/api/v1/imports/{id}/load", { params: { path }, body: settings }),
      ),
    onSuccess: keep,
    onError: showProblem,
  });
  const stop = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/imports/{id}/stop", { params: { path } })),
    onSuccess: keep,
    onError: showProblem,
  });
  const remove = useMutation({
    mutationFn: () => answer(api.DELETE("/api/v1/imports/{id}", { params: { path } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: IMPORTS });
      go("/imports", { replace: true });
    },
    onError: showProblem,
  });
  const busy = isBusy(file);
  useAfterWork(busy);
  return (
    <>
      <Group justify="space-between" align="start">
        <div>
          <Title order={1} size="h4" className="import-name">
            {file.name}
          </Title>
          <Text size="sm" c="dimmed">
            {t(`imports.kind.${file.kind}`)} · {formatSize(file.size_bytes, locale)} ·{" "}
            {formatDateTime(Date.parse(file.created_at), locale)} · {file.user_name}
          </Text>
        </div>
        <Group gap="xs">
          <StateBadge state={file.state} />
          {!busy && file.state !== "loaded" && (
            <Button
              size="xs"
              variant="default"
              loading={remove.isPending}
              onClick={() => remove.mutate()}
              data-testid="import-delete"
            >
              {t("imports.delete")}
            </Button>
          )}
        </Group>
      </Group>
      <Before file={file} />
      {file.problem && (
        <Alert color="red" title={t(`imports.state.${file.state}`)} data-testid="import-problem">
          <Text size="sm" className="import-problem">
            {file.problem}
          </Text>
        </Alert>
      )}
      {file.state === "interrupted" && file.settings && (
        <Alert color="orange" title={t("imports.interrupted")}>
          <Text size="sm" mb={8}>
            {t("imports.interruptedText")}
          </Text>
        </Alert>
      )}
      {busy && <Work file={file} onStop={() => stop.mutate()} stopping={stop.isPending} />}
      {(file.leads || file.cases) && !busy && <Report file={file} />}
      {!busy && file.state !== "loaded" && (
        <SettingsForm
          key={file.id}
          file={file}
          busy={begin.isPending}
          onBegin={(work, settings) => begin.mutate({ work, settings })}
        />
      )}
    </>
  );
}

/** When the work has ended, its findings are others, and people and campaigns may be. */
function useAfterWork(busy: boolean): void {
  const was = useRef(busy);
  useEffect(() => {
    if (was.current && !busy)
      for (const key of [IMPORTS, ["findings"], ["people"], ["person"], ["segments"]])
        void queries.invalidateQueries({ queryKey: key });
    was.current = busy;
  }, [busy]);
}

/** The very same file was here before. */
function Before({ file }: { file: Import }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const loaded = file.state === "loaded" ? [] : file.loaded_as;
  if (loaded.length === 0 && (file.same_as === null || file.state === "loaded")) return null;
  return (
    <Alert color="yellow" title={t("imports.same")} data-testid="same-file">
      <ul className="import-same">
        {loaded.map((each) => (
          <li key={each.campaign_name}>
            {t("imports.loadedAs", {
              campaign: each.campaign_name,
              list: each.list_name,
              when: formatDateTime(Date.parse(each.at), locale),
            })}
          </li>
        ))}
        {file.same_as !== null && (
          <li>
            <Anchor component={Link} href={`/imports/${file.same_as}`} size="sm" underline="always">
              {t("imports.seeEarlier")}
            </Anchor>
          </li>
        )}
      </ul>
    </Alert>
  );
}

function Work({ file, onStop, stopping }: { file: Import; onStop: () => void; stopping: boolean }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const progress = file.progress;
  const share = progress && progress.total > 0 ? progress.done / progress.total : null;
  const what = wordsFor("importWork", progress?.what ?? "starting");
  return (
    <section
      className="panel"
      aria-label={t(`imports.state.${file.state}`)}
      aria-live="polite"
      data-testid="import-work"
    >
      <Group justify="space-between">
        <Text>
          {what}
          {progress &&
            progress.rows > 0 &&
            ` · ${t("imports.rows", { n: formatNumber(progress.rows, locale) })}`}
        </Text>
        <Button size="xs" variant="default" loading={stopping} onClick={onStop} data-testid="import-stop">
          {t("imports.stop")}
        </Button>
      </Group>
      <Progress
        value={share === null ? 100 : share * 100}
        animated={share === null}
        striped={share === null}
        aria-label={what}
      />
      <Text size="sm" c="dimmed">
        {t("imports.workText")}
      </Text>
    </section>
  );
}
