import { NumberInput, Select, Switch, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../api/client";
import { atWork, useCampaigns } from "../campaigns";
import type { Parts } from "./segment";

type Settings = Schemas["SegmentSettings"];

interface TreatmentFormProps {
  settings: Settings;
  scripts: Parts["scripts"];
  onChange: (settings: Settings) => void;
}

/** How a segment's leads are worked; what is left empty is the campaign's and the list's own. */
export function TreatmentForm({ settings, scripts, onChange }: TreatmentFormProps) {
  const { t } = useTranslation();
  const campaigns = atWork(useCampaigns().data ?? []);
  const { treatment } = settings;
  const change = (part: Partial<Settings["treatment"]>) =>
    onChange({ ...settings, treatment: { ...treatment, ...part } });
  const idOf = (value: string | null) => (value === null ? null : Number(value));
  const wholeOf = (value: string | number) => (typeof value === "number" ? value : null);
  return (
    <>
      <Select
        label={t("segments.campaign")}
        placeholder={t("segments.asBefore")}
        data={campaigns.map(({ id, name, mode }) => ({
          value: String(id),
          label: `${name} · ${t(`mode.${mode}`)}`,
        }))}
        value={treatment.campaign_id ? String(treatment.campaign_id) : null}
        onChange={(value) => change({ campaign_id: idOf(value) })}
        clearable
        clearButtonProps={{ "aria-label": t("segments.asBefore") }}
      />
      <Select
        label={t("segments.script")}
        placeholder={t("segments.noScript")}
        data={scripts.map(({ id, name }) => ({ value: String(id), label: name }))}
        value={treatment.script_id ? String(treatment.script_id) : null}
        onChange={(value) => change({ script_id: idOf(value) })}
        clearable
        clearButtonProps={{ "aria-label": t("segments.noScript") }}
      />
      <Select
        label={t("segments.order")}
        data={(["listed", "best"] as const).map((value) => ({ value, label: t(`numberOrder.${value}`) }))}
        value={treatment.number_order ?? "listed"}
        onChange={(value) => value && change({ number_order: value as "listed" | "best" })}
        allowDeselect={false}
      />
      <NumberInput
        label={t("segments.priority")}
        value={treatment.priority ?? ""}
        onChange={(value) => change({ priority: wholeOf(value) })}
        min={-1000}
        max={1000}
        allowDecimal={false}
      />
      <NumberInput
        label={t("segments.target")}
        value={treatment.target_handling_s ?? ""}
        onChange={(value) => change({ target_handling_s: wholeOf(value) })}
        min={10}
        max={7200}
        allowDecimal={false}
        data-testid="target"
      />
      <TextInput
        label={t("segments.callerId")}
        placeholder="+18095550100"
        value={treatment.caller_id ?? ""}
        onChange={(event) => change({ caller_id: event.currentTarget.value.trim() || null })}
        maxLength={20}
      />
      <NumberInput
        label={t("segments.position")}
        value={settings.position ?? ""}
        onChange={(value) => onChange({ ...settings, position: wholeOf(value) })}
        min={0}
        max={10000}
        allowDecimal={false}
      />
      <Switch
        label={t("segments.active")}
        checked={settings.active ?? true}
        onChange={(event) => onChange({ ...settings, active: event.currentTarget.checked })}
      />
    </>
  );
}
