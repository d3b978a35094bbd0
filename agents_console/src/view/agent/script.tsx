import { Alert, Badge, Button, Group, Text, TextInput, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconArrowBack, IconArrowRight } from "@tabler/icons-react";
import Markdown, { type MarkdownToJSX } from "markdown-to-jsx/react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ask } from "../../intents";
import type { CallCard } from "../../state/state";
import { wordsFor } from "../../words";
import { findObjections, type Script as Graph, type Move, move, type Result, resume, stepOf } from "./walk";

/**
 * Scripts are text to read aloud: no HTML from them, no pictures (they would tell another server that the script is
 * open), no links to leave the call by.
 */
export const SCRIPT_MARKDOWN: MarkdownToJSX.Options = {
  disableParsingRawHTML: true,
  disableAutoLink: true,
  forceBlock: true,
  wrapper: "div",
  overrides: {
    a: ({ children }: { children: React.ReactNode }) => <span>{children}</span>,
    img: ({ alt }: { alt?: string }) => <span>{alt}</span>,
    h1: { component: "h3" },
    h2: { component: "h3" },
    h3: { component: "h4" },
  },
};

type Step = Graph["steps"][number];

/** What a step has the agent say: its text, and the notices that the law wants said. */
export function StepWords({
  step,
  titled,
}: {
  step: Pick<Step, "title" | "markdown" | "notices">;
  titled: boolean;
}) {
  const { t } = useTranslation();
  return (
    <>
      {titled && (
        <Text size="sm" fw={600} c="dimmed">
          {step.title}
        </Text>
      )}
      <Markdown options={SCRIPT_MARKDOWN}>{step.markdown}</Markdown>
      {step.notices.length > 0 && (
        <Group gap={6} mt={8}>
          <Text size="sm">{t("script.mustSay")}</Text>
          {step.notices.map((notice) => (
            <Badge key={notice} variant="light" color="orange.9" tt="none">
              {wordsFor("notice", notice)}
            </Badge>
          ))}
        </Group>
      )}
    </>
  );
}

interface ScriptProps {
  call: CallCard;
  /** What the script proposes as the call's result, where the walk came to one. */
  onResult: (result: Result) => void;
}

export function Script({ call, onResult }: ScriptProps) {
  const { t } = useTranslation();
  return (
    <section className="panel script" aria-labelledby="script">
      <div className="panel-head">
        <Title order={2} size="h5" id="script">
          {t("call.script")}
        </Title>
        {call.script_name && (
          <Text size="sm" c="dimmed">
            {call.script_name}
            {call.script && ` · ${t("script.version", { number: call.script.number })}`}
          </Text>
        )}
      </div>
      {call.script?.error && (
        <Alert color="yellow" role="note" title={t("call.scriptError")}>
          {call.script.error}
        </Alert>
      )}
      {call.script === null ? (
        <Text c="dimmed">{t("call.noScript")}</Text>
      ) : (
        <Steps key={call.script.version_id} script={call.script} call={call} onResult={onResult} />
      )}
    </section>
  );
}

/** One step at a time; where the call is connected, each is logged, so that the recording carries its marks. */
function Steps({ script, call, onResult }: { script: Graph; call: CallCard; onResult: (r: Result) => void }) {
  const { t } = useTranslation();
  const keptAs = `cadencia.walk.${call.attempt_id}`;
  const [walk, setWalk] = useState(() => resume(script, sessionStorage.getItem(keptAs)));
  const talking = call.attempt_id !== null && call.connected_at !== null;
  const logged = useRef(sessionStorage.getItem(keptAs) !== null);
  const step = stepOf(script, walk);

  const log = (to: string, answer: string | null) => {
    if (call.attempt_id === null || !talking) return;
    const { attempt_id } = call;
    // A mark that is lost is no reason to hold the conversation up.
    void ask({ type: "walk_script", attempt_id, version_id: script.version_id, step: to, answer }).catch(
      () => null,
    );
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the conversation begins
  useEffect(() => {
    if (!talking || logged.current) return;
    logged.current = true;
    log(script.start, null);
  }, [talking]);

  const go = (by: Move) => {
    const moved = move(script, walk, by);
    if (moved === null) return;
    setWalk(moved.walk);
    if (call.attempt_id !== null) sessionStorage.setItem(keptAs, JSON.stringify(moved.walk));
    log(moved.walk.at(-1) as string, moved.answer);
    if (moved.result !== null) onResult(moved.result);
  };
  useHotkeys(
    Array.from(
      { length: 9 },
      (_, index) => [`alt+${index + 1}`, () => go({ type: "answer", index })] as const,
    ),
    [],
  );
  useHotkeys(
    [
      ["alt+n", () => go({ type: "next" })],
      ["alt+b", () => go({ type: "back" })],
    ],
    [],
  );

  if (step === undefined) return null;
  return (
    <>
      {/* The step may be longer than the page: it scrolls, by keyboard too. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <div className="script-text" tabIndex={0} data-testid="script" data-step={step.id}>
        <StepWords step={step} titled={script.steps.length > 1} />
      </div>
      {script.steps.length > 1 && (
        <div className="script-ways">
          {step.answers.map((answer, index) => (
            <button
              type="button"
              key={answer.label}
              className="disposition"
              onClick={() => go({ type: "answer", index })}
              data-testid={`answer-${index + 1}`}
            >
              <kbd className="key">Alt {index + 1}</kbd>
              <span>{answer.label}</span>
            </button>
          ))}
          <Group gap="xs">
            <Button
              variant="default"
              size="sm"
              leftSection={<IconArrowBack size={16} />}
              rightSection={<kbd className="key">Alt B</kbd>}
              disabled={walk.length < 2}
              onClick={() => go({ type: "back" })}
              data-testid="script-back"
            >
              {t("script.back")}
            </Button>
            {step.to !== null && step.answers.length === 0 && (
              <Button
                size="sm"
                leftSection={<IconArrowRight size={16} />}
                rightSection={<kbd className="key key-on-colour">Alt N</kbd>}
                onClick={() => go({ type: "next" })}
                data-testid="script-next"
              >
                {t("script.next")}
              </Button>
            )}
          </Group>
        </div>
      )}
      {script.objections.length > 0 && <Objections script={script} />}
    </>
  );
}

/** What debtors object at any moment: typed a few letters of, and answered. */
function Objections({ script }: { script: Graph }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useHotkeys([["alt+o", () => field.current?.focus()]], []);
  const found = typed.trim() === "" ? [] : findObjections(script, typed);
  return (
    <div className="objections">
      <TextInput
        ref={field}
        label={t("script.objections")}
        placeholder={t("script.objectionPlaceholder")}
        rightSection={<kbd className="key">Alt O</kbd>}
        rightSectionWidth={64}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        data-testid="objection-search"
      />
      {typed.trim() !== "" && found.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("script.noObjection")}
        </Text>
      )}
      {found.map((objection) => (
        <div key={objection.title} className="objection" data-testid="objection">
          <Text size="sm" fw={600}>
            {objection.title}
          </Text>
          <Markdown options={SCRIPT_MARKDOWN}>{objection.markdown}</Markdown>
        </div>
      ))}
    </div>
  );
}
