import { Autocomplete, Select, TextInput, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { LANGUAGES, type Language } from "../../words";
import { useLocale } from "../use_locale";
import type { FieldsProps } from "./campaign_form";
import { lawName } from "./setup";

/** What a campaign is: its name, who works it, under which law and in which language. */
export function WhoFields({ settings, parts, fixed, onChange }: FieldsProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const known = parts.laws.some(({ name }) => name === settings.rule_set);
  const laws = known ? parts.laws : [...parts.laws, { name: settings.rule_set, place: "" }];
  const group = settings.agent_group.trim();
  const isNew = group !== "" && !parts.groups.some(({ name }) => name === group);
  return (
    <section className="panel" aria-label={t("campaigns.who")}>
      <Title order={2} size="h5">
        {t("campaigns.who")}
      </Title>
      <div className="field-grid">
        <TextInput
          label={t("campaigns.name")}
          value={settings.name}
          onChange={(event) => onChange({ name: event.currentTarget.value })}
          maxLength={200}
          required
          className="field-wide"
          data-testid="campaign-name"
        />
        <Autocomplete
          label={t("campaigns.group")}
          description={
            fixed.includes("agent_group")
              ? t("campaigns.groupFixed")
              : isNew
                ? t("campaigns.groupNew", { name: group })
                : t("campaigns.groupText")
          }
          data={parts.groups.map(({ name }) => name)}
          value={settings.agent_group}
          onChange={(agent_group) => onChange({ agent_group })}
          disabled={fixed.includes("agent_group")}
          maxLength={200}
          required
          data-testid="campaign-group"
        />
        <Select
          label={t("campaigns.law")}
          description={fixed.includes("rule_set") ? t("campaigns.stopFirst") : t("campaigns.lawText")}
          data={laws.map((law) => ({ value: law.name, label: lawName(law, t, locale) }))}
          value={settings.rule_set}
          onChange={(rule_set) => rule_set && onChange({ rule_set })}
          disabled={fixed.includes("rule_set")}
          allowDeselect={false}
          searchable
          data-testid="campaign-law"
        />
        <Select
          label={t("campaigns.language")}
          description={fixed.includes("language") ? t("campaigns.stopFirst") : t("campaigns.languageText")}
          data={Object.entries(LANGUAGES).map(([value, { name }]) => ({ value, label: name }))}
          value={settings.language}
          onChange={(language) => language && onChange({ language: language as Language })}
          disabled={fixed.includes("language")}
          allowDeselect={false}
        />
      </div>
    </section>
  );
}
