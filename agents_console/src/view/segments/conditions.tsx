import {
  ActionIcon,
  Button,
  Group,
  MultiSelect,
  NumberInput,
  SegmentedControl,
  Select,
  TagsInput,
  Text,
} from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../api/client";
import { decimalsOf } from "../../format/amounts";
import { wordsFor } from "../../words";
import { codeWords, onlyCurrency } from "./condition_words";
import type { Parts } from "./segment";

type Conditions = Schemas["ConditionsView"];
export type Condition = Schemas["ConditionView"];
type FieldOf = Parts["fields"][number];

const NEEDS_NOTHING = new Set(["is_known", "is_unknown"]);

/** Whether the server would take the condition as it stands. */
export function isComplete({ test, value }: Condition): boolean {
  if (NEEDS_NOTHING.has(test)) return true;
  return Array.isArray(value) ? value.length > 0 : value !== null && value !== undefined;
}

/** A condition on `field` with the first of its tests and nothing to compare with yet. */
function begin(field: FieldOf): Condition {
  return {
    field: field.name,
    test: field.tests[0] ?? "is_known",
    value: field.kind === "yes_no" ? true : null,
  };
}

interface BuilderProps {
  fields: Parts["fields"];
  conditions: Conditions;
  onChange: (conditions: Conditions) => void;
}

export function ConditionBuilder({ fields, conditions: held, onChange }: BuilderProps) {
  const { t } = useTranslation();
  const put = (index: number, ...by: Condition[]) =>
    onChange({ ...held, conditions: held.conditions.toSpliced(index, 1, ...by) });
  const first = fields[0];
  return (
    <>
      <Group gap="sm">
        <Text size="sm">{t("segments.match")}</Text>
        <SegmentedControl
          size="xs"
          aria-label={t("segments.match")}
          data={(["all", "any"] as const).map((value) => ({ value, label: t(`segmentMatch.${value}`) }))}
          value={held.match}
          onChange={(match) => onChange({ ...held, match })}
        />
      </Group>
      {held.conditions.map((condition, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: conditions have no other name than their place
        <div className="condition" key={index} data-testid={`condition-${index + 1}`}>
          <Row
            n={index + 1}
            fields={fields}
            currency={onlyCurrency(held)}
            condition={condition}
            onChange={(by) => put(index, by)}
          />
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={t("segments.remove", { n: index + 1 })}
            onClick={() => put(index)}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </div>
      ))}
      <Group>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlus size={16} />}
          onClick={() => first && onChange({ ...held, conditions: [...held.conditions, begin(first)] })}
          data-testid="add-condition"
        >
          {t("segments.addCondition")}
        </Button>
      </Group>
    </>
  );
}

interface RowProps {
  n: number;
  fields: Parts["fields"];
  currency: string | null;
  condition: Condition;
  onChange: (condition: Condition) => void;
}

function Row({ n, fields, currency, condition, onChange }: RowProps) {
  const { t } = useTranslation();
  const field = fields.find(({ name }) => name === condition.field);
  if (!field) return null;
  return (
    <>
      <Select
        aria-label={t("segments.field", { n })}
        data={fields.map(({ name }) => ({ value: name, label: wordsFor("segmentField", name) }))}
        value={condition.field}
        onChange={(name) => {
          const chosen = fields.find((each) => each.name === name);
          if (chosen) onChange(begin(chosen));
        }}
        searchable
        allowDeselect={false}
        data-testid={`field-${n}`}
      />
      <Select
        aria-label={t("segments.test", { n })}
        data={field.tests.map((value) => ({ value, label: t(`segmentTest.${value}`) }))}
        value={condition.test}
        onChange={(test) => {
          const known = NEEDS_NOTHING.has(test ?? "");
          onChange({ ...condition, test: test as Condition["test"], value: known ? null : condition.value });
        }}
        allowDeselect={false}
        data-testid={`test-${n}`}
      />
      {NEEDS_NOTHING.has(condition.test) ? (
        <span />
      ) : (
        <Value
          n={n}
          field={field}
          currency={currency}
          condition={condition}
          onChange={(value) => onChange({ ...condition, value })}
        />
      )}
    </>
  );
}

interface ValueProps {
  n: number;
  field: FieldOf;
  /** Which the amounts are in; null: unknown. */
  currency: string | null;
  condition: Condition;
  onChange: (value: Condition["value"]) => void;
}

function Value({ n, field, currency, condition: { value }, onChange }: ValueProps) {
  const { t } = useTranslation();
  const label = t("segments.value", { n });
  const listed = Array.isArray(value) ? value.map(String) : [];
  switch (field.kind) {
    case "yes_no":
      return (
        <Select
          aria-label={label}
          data={[
            { value: "true", label: t("yesNo.yes") },
            { value: "false", label: t("yesNo.no") },
          ]}
          value={String(value)}
          onChange={(chosen) => onChange(chosen === "true")}
          allowDeselect={false}
        />
      );
    case "code":
      return (
        <MultiSelect
          aria-label={label}
          data={field.choices.map((code) => ({ value: code, label: codeWords(field.name, code) }))}
          value={listed}
          onChange={onChange}
          data-testid={`value-${n}`}
        />
      );
    case "text":
      return (
        <TagsInput
          aria-label={label}
          placeholder={t("segments.values")}
          value={listed}
          onChange={onChange}
          maxTags={200}
          data-testid={`value-${n}`}
        />
      );
    case "amount": {
      const decimals = decimalsOf(currency);
      return (
        <NumberInput
          aria-label={label}
          description={currency === null ? t("segments.anyCurrency") : currency}
          inputWrapperOrder={["input", "description"]}
          // Kept in the currency's smallest unit, typed as people write it.
          value={typeof value === "number" ? value / 10 ** decimals : ""}
          onChange={(typed) =>
            onChange(typeof typed === "number" ? Math.round(typed * 10 ** decimals) : null)
          }
          decimalScale={decimals}
          allowDecimal={decimals > 0}
          data-testid={`value-${n}`}
        />
      );
    }
    default:
      return (
        <NumberInput
          aria-label={label}
          description={field.kind === "score" ? t("segments.score") : undefined}
          inputWrapperOrder={["input", "description"]}
          value={typeof value === "number" ? value : ""}
          onChange={(typed) => onChange(typeof typed === "number" ? typed : null)}
          allowDecimal={field.kind === "score"}
          {...(field.kind === "score"
            ? { min: 0, max: 1, step: 0.05, clampBehavior: "strict" as const }
            : {})}
          data-testid={`value-${n}`}
        />
      );
  }
}
