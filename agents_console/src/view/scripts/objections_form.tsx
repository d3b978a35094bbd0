import { ActionIcon, Button, Group, Textarea, TextInput, Title } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../api/client";

type Objection = Schemas["Objection"];

interface ObjectionsFormProps {
  objections: Objection[];
  onChange: (objections: Objection[]) => void;
}

/** What debtors say at any moment, and what is replied. */
export function ObjectionsForm({ objections, onChange }: ObjectionsFormProps) {
  const { t } = useTranslation();
  const put = (index: number, ...by: Objection[]) => onChange(objections.toSpliced(index, 1, ...by));
  return (
    <section className="panel" aria-label={t("scripts.objections")}>
      <Title order={2} size="h5">
        {t("scripts.objections")}
      </Title>
      {objections.map((each, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an objection's words are what is being typed
        <Group key={index} align="start" wrap="nowrap">
          <TextInput
            aria-label={t("scripts.objection", { n: index + 1 })}
            placeholder={t("scripts.objection", { n: index + 1 })}
            value={each.title}
            onChange={(event) => put(index, { ...each, title: event.currentTarget.value })}
            maxLength={80}
          />
          <Textarea
            flex={1}
            aria-label={t("scripts.reply", { n: index + 1 })}
            placeholder={t("scripts.reply", { n: index + 1 })}
            value={each.say}
            onChange={(event) => put(index, { ...each, say: event.currentTarget.value })}
            maxLength={8000}
            autosize
          />
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={t("scripts.removeObjection", { n: index + 1 })}
            onClick={() => put(index)}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
      <Group>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlus size={16} />}
          disabled={objections.length >= 40}
          onClick={() =>
            onChange([
              ...objections,
              { title: t("scripts.objection", { n: objections.length + 1 }), say: "" },
            ])
          }
        >
          {t("scripts.addObjection")}
        </Button>
      </Group>
    </section>
  );
}
