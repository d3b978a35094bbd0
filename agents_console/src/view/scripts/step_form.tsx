import {
  ActionIcon,
  Button,
  Group,
  Select,
  TagsInput,
  Text,
  Textarea,
  TextInput,
  Title,
} from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../api/client";
import type { Step } from "./script";

type Answer = Schemas["Answer"];

/** Fields that a step's words can use. */
const FIELDS = [
  "debtor.name",
  "debtor.first_name",
  "debt.balance",
  "debt.creditor",
  "debt.product",
  "debt.due_on",
  "debt.days_past_due",
  "agent.name",
];
const MAX_ANSWERS = 9;

/** A result as the server wants it: null where nothing is proposed; fields that were there stay. */
const resultOf = (code: string, held: Answer["result"]) =>
  code === "" ? null : { fields: held?.fields ?? {}, disposition: code };

interface StepFormProps {
  n: number;
  step: Step;
  ids: string[];
  onChange: (step: Step) => void;
  onRemove: (() => void) | null;
}

export function StepForm({ n, step, ids, onChange, onRemove }: StepFormProps) {
  const { t } = useTranslation();
  const answers = step.answers ?? [];
  const others = [...new Set(ids)].filter((id) => id !== step.id);
  const put = (index: number, ...by: Answer[]) =>
    onChange({ ...step, answers: answers.toSpliced(index, 1, ...by) });
  return (
    <section className="panel" aria-label={t("scripts.step", { n })} data-testid={`step-${n}`}>
      <div className="panel-head">
        <Title order={2} size="h5">
          {t("scripts.step", { n })} · {step.title}
        </Title>
        {onRemove && (
          <ActionIcon variant="default" aria-label={`${t("scripts.removeStep")} ${n}`} onClick={onRemove}>
            <IconTrash size={16} />
          </ActionIcon>
        )}
      </div>
      <Group grow>
        <TextInput
          label={t("scripts.id")}
          value={step.id}
          onChange={(event) =>
            onChange({ ...step, id: event.currentTarget.value.toLowerCase().replace(/[^a-z0-9_]/g, "_") })
          }
          maxLength={40}
          required
        />
        <TextInput
          label={t("scripts.stepTitle")}
          value={step.title}
          onChange={(event) => onChange({ ...step, title: event.currentTarget.value })}
          maxLength={80}
          required
        />
      </Group>
      <Textarea
        label={t("scripts.say")}
        description={t("scripts.sayHint", { fields: FIELDS.map((field) => `{{ ${field} }}`).join(" ") })}
        value={step.say}
        onChange={(event) => onChange({ ...step, say: event.currentTarget.value })}
        maxLength={8000}
        autosize
        minRows={3}
        maxRows={12}
        data-testid={`say-${n}`}
      />
      <TagsInput
        label={t("scripts.notices")}
        value={step.notices ?? []}
        onChange={(notices) => onChange({ ...step, notices })}
      />
      <Text size="sm" fw={600}>
        {t("scripts.answers")}
      </Text>
      {answers.map((each, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an answer's words are what is being typed
        <div className="script-answer" key={index}>
          <TextInput
            aria-label={t("scripts.answer", { n: index + 1 })}
            placeholder={t("scripts.answer", { n: index + 1 })}
            value={each.label}
            onChange={(event) => put(index, { ...each, label: event.currentTarget.value })}
            maxLength={80}
            data-testid={`answer-${n}-${index + 1}`}
          />
          <Select
            aria-label={t("scripts.leadsToOf", { n: index + 1 })}
            placeholder={t("scripts.leadsTo")}
            data={others}
            value={each.to}
            onChange={(to) => to && put(index, { ...each, to })}
            allowDeselect={false}
          />
          <TextInput
            aria-label={t("scripts.resultOf", { n: index + 1 })}
            placeholder={t("scripts.result")}
            value={each.result?.disposition ?? ""}
            onChange={(event) =>
              put(index, { ...each, result: resultOf(event.currentTarget.value, each.result) })
            }
            maxLength={40}
          />
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={t("scripts.removeAnswer", { n: index + 1 })}
            onClick={() => put(index)}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </div>
      ))}
      <Group align="end">
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlus size={16} />}
          disabled={answers.length >= MAX_ANSWERS || others.length === 0}
          onClick={() =>
            onChange({
              ...step,
              to: null,
              answers: [...answers, { label: `${answers.length + 1}`, to: others[0] ?? "" }],
            })
          }
          data-testid={`add-answer-${n}`}
        >
          {t("scripts.addAnswer")}
        </Button>
        {answers.length === 0 && (
          <>
            <Select
              size="xs"
              label={t("scripts.leadsTo")}
              placeholder={t("scripts.end")}
              data={others}
              value={step.to ?? null}
              onChange={(to) => onChange({ ...step, to })}
              clearable
              clearButtonProps={{ "aria-label": t("scripts.end") }}
              data-testid={`to-${n}`}
            />
            <TextInput
              size="xs"
              label={t("scripts.result")}
              value={step.result?.disposition ?? ""}
              onChange={(event) =>
                onChange({ ...step, result: resultOf(event.currentTarget.value, step.result) })
              }
              maxLength={40}
            />
          </>
        )}
      </Group>
    </section>
  );
}
