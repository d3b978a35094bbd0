import { Alert, Button, Group, Loader, Text, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../api/client";
import type { Language } from "../../words";
import { StepWords } from "../agent/script";
import { problemWords } from "../notices";
import type { Graph } from "./script";

/** After so long without a change the script is checked. */
const PAUSE_MS = 500;

/** The script as an agent walks it, of a fictional debtor, and what keeps it from being published. */
export function Preview({ graph, language }: { graph: Graph; language: Language }) {
  const { t } = useTranslation();
  const [asked] = useDebouncedValue(graph, PAUSE_MS);
  const [at, setAt] = useState<string | null>(null);
  const checked = useQuery({
    queryKey: ["script-check", language, asked],
    placeholderData: keepPreviousData,
    queryFn: () => answer(api.POST("/api/v1/scripts/check", { body: { graph: asked, language } })),
  });
  const script = checked.data?.preview;
  const step = script?.steps.find(({ id }) => id === (at ?? script.start)) ?? script?.steps[0];
  const faults = checked.data?.faults ?? [];
  return (
    <>
      <section className="panel" aria-label={t("scripts.preview")} data-testid="preview">
        <Title order={2} size="h5">
          {t("scripts.preview")}
        </Title>
        {checked.isError && (
          <Alert color="yellow">{t("scripts.unchecked", { detail: problemWords(checked.error) })}</Alert>
        )}
        {checked.isPending && <Loader size="sm" aria-label={t("app.loading")} />}
        {step && (
          <>
            <div className="script-says" data-testid="preview-text">
              <StepWords step={step} titled />
            </div>
            <Group gap="xs">
              {step.answers.map((each) => (
                <Button key={each.label} size="xs" variant="default" onClick={() => setAt(each.to)}>
                  {each.label}
                </Button>
              ))}
              {step.to !== null && step.answers.length === 0 && (
                <Button size="xs" onClick={() => setAt(step.to)} data-testid="preview-next">
                  {t("script.next")}
                </Button>
              )}
              {at !== null && (
                <Button size="xs" variant="subtle" onClick={() => setAt(null)}>
                  {t("scripts.again")}
                </Button>
              )}
            </Group>
          </>
        )}
      </section>
      {checked.data && (
        <section className="panel" aria-label={t("scripts.faults")} data-testid="faults">
          <Text fw={600}>{faults.length === 0 ? t("scripts.noFaults") : t("scripts.faults")}</Text>
          <ul className="script-faults">
            {faults.map(({ where, what }) => (
              <li key={`${where} ${what}`}>
                <b>{where}</b>: {what}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
