import { Anchor, Button, Group, Select, TagsInput, TextInput, Title } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { answer, api, type Schemas } from "../../api/client";
import { queries } from "../../session";
import { LANGUAGES, type Language } from "../../words";
import { showDone, showProblem } from "../notices";
import { ObjectionsForm } from "./objections_form";
import { Preview } from "./preview";
import { type Graph, SCRIPTS, type Step } from "./script";
import { StepForm } from "./step_form";

const newStep = (id: string, title: string): Step => ({ id, title, say: "", notices: [], answers: [] });

/** A script of one step, with nothing to say yet. */
const beginning = (title: string): Graph => ({
  start: "paso_1",
  steps: [newStep("paso_1", title)],
  objections: [],
  rule_sets: [],
});

/** A code that no step has. */
function freeId(steps: Step[]): string {
  for (let n = steps.length + 1; ; n++) if (!steps.some(({ id }) => id === `paso_${n}`)) return `paso_${n}`;
}

/** Writes the next version of a script: forms by step, and beside them what the agent will see. */
export function ScriptEditor({ version }: { version: Schemas["VersionText"] | null }) {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const [name, setName] = useState(version?.name ?? "");
  const [language, setLanguage] = useState<Language>((version?.language as Language) ?? "es");
  const [graph, setGraph] = useState<Graph>(version?.graph ?? beginning(t("scripts.stepTitle")));
  const save = useMutation({
    mutationFn: () => answer(api.PUT("/api/v1/scripts/draft", { body: { name, language, graph } })),
    onSuccess: async ({ id, number }) => {
      showDone(t("scripts.saved", { number }));
      queries.removeQueries({ queryKey: ["script-version", id] });
      await queries.invalidateQueries({ queryKey: SCRIPTS });
      if (id !== version?.id) go(`/scripts/${id}`, { replace: true });
    },
    onError: showProblem,
  });
  const { steps } = graph;
  const putStep = (index: number, ...by: Step[]) =>
    setGraph({ ...graph, steps: steps.toSpliced(index, 1, ...by) });
  return (
    <>
      <Anchor component={Link} href="/scripts" size="sm" underline="always" w="fit-content">
        {t("scripts.back")}
      </Anchor>
      <Title order={1} size="h4">
        {version ? `${version.name} · ${t("scripts.version")} ${version.number}` : t("scripts.add")}
      </Title>
      <form
        className="script-editor"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <div>
          <section className="panel" aria-label={t("scripts.name")}>
            <TextInput
              label={t("scripts.name")}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              maxLength={80}
              readOnly={version !== null}
              required
              data-testid="script-name"
            />
            <Group grow align="start">
              <Select
                label={t("scripts.language")}
                data={Object.entries(LANGUAGES).map(([value, each]) => ({ value, label: each.name }))}
                value={language}
                onChange={(value) => value && setLanguage(value as Language)}
                allowDeselect={false}
              />
              <Select
                label={t("scripts.start")}
                data={[...new Set(steps.map(({ id }) => id))]}
                value={graph.start}
                onChange={(start) => start && setGraph({ ...graph, start })}
                allowDeselect={false}
              />
              <TagsInput
                label={t("scripts.ruleSets")}
                value={graph.rule_sets ?? []}
                onChange={(rule_sets) => setGraph({ ...graph, rule_sets })}
                maxTags={20}
              />
            </Group>
          </section>
          {steps.map((step, index) => (
            <StepForm
              // biome-ignore lint/suspicious/noArrayIndexKey: a step's code is what is being typed
              key={index}
              n={index + 1}
              step={step}
              ids={steps.map(({ id }) => id)}
              onChange={(changed) => putStep(index, changed)}
              onRemove={steps.length > 1 ? () => putStep(index) : null}
            />
          ))}
          <Group>
            <Button
              variant="default"
              leftSection={<IconPlus size={16} />}
              onClick={() =>
                setGraph({
                  ...graph,
                  steps: [...steps, newStep(freeId(steps), t("scripts.stepTitle"))],
                })
              }
              data-testid="add-step"
            >
              {t("scripts.addStep")}
            </Button>
          </Group>
          <ObjectionsForm
            objections={graph.objections ?? []}
            onChange={(objections) => setGraph({ ...graph, objections })}
          />
        </div>
        <div>
          <Preview graph={graph} language={language} />
          <Group>
            <Button
              type="submit"
              loading={save.isPending}
              disabled={name.trim() === ""}
              data-testid="save-draft"
            >
              {t("scripts.save")}
            </Button>
          </Group>
        </div>
      </form>
    </>
  );
}
