import { Select, Textarea, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatNumber } from "../../format/amounts";
import { useLocale } from "../use_locale";
import type { FieldsProps } from "./campaign_form";
import { Figure } from "./figure";

const NOTICES = ["played", "spoken"] as const;
const SCREENINGS = ["off", "on", "shadow"] as const;
const ON_MACHINE = ["hang_up", "leave_message", "connect"] as const;

/** What the called get to hear: how long it rings, the notice of the recording, and who answers whom with what. */
export function CallFields({ settings, parts, onChange }: FieldsProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const law = parts.laws.find(({ name }) => name === settings.rule_set);
  const pooled = settings.mode === "power" || settings.mode === "predictive";
  return (
    <section className="panel" aria-label={t("campaigns.call")}>
      <Title order={2} size="h5">
        {t("campaigns.call")}
      </Title>
      <div className="field-grid">
        <Select
          label={t("campaigns.notice")}
          description={t(`recordingNotice.${settings.recording_notice}Text`)}
          data={NOTICES.map((value) => ({ value, label: t(`recordingNotice.${value}`) }))}
          value={settings.recording_notice}
          onChange={(recording_notice) => recording_notice && onChange({ recording_notice })}
          allowDeselect={false}
          data-testid="campaign-notice"
        />
        <Figure
          label={t("campaigns.ring")}
          description={
            law?.least_ring_s
              ? t("campaigns.lawAsks", { least: `${formatNumber(law.least_ring_s, locale)} s` })
              : t("campaigns.ringText")
          }
          value={settings.ring_timeout_s}
          range={[15, 120, 5]}
          whole
          onChange={(ring_timeout_s) => onChange({ ring_timeout_s })}
          testid="campaign-ring"
        />
        <Figure
          label={t("campaigns.wrapUp")}
          description={t("campaigns.wrapUpText")}
          value={settings.wrap_up_s}
          range={[0, 3600, 10]}
          whole
          onChange={(wrap_up_s) => onChange({ wrap_up_s })}
          testid="campaign-wrap-up"
        />
        <Select
          label={t("screening.mode")}
          description={t(`screeningHelp.${settings.screening}`)}
          data={SCREENINGS.map((value) => ({ value, label: t(`screeningMode.${value}`) }))}
          value={settings.screening}
          onChange={(screening) => screening && onChange({ screening })}
          allowDeselect={false}
        />
        {settings.screening !== "off" && (
          <Select
            label={t("screening.onMachine")}
            description={t("campaigns.onMachineText")}
            data={ON_MACHINE.map((value) => ({ value, label: t(`onMachine.${value}`) }))}
            value={settings.on_machine}
            onChange={(on_machine) => on_machine && onChange({ on_machine })}
            allowDeselect={false}
          />
        )}
        {settings.screening !== "off" && settings.on_machine === "leave_message" && (
          <Textarea
            label={t("campaigns.message")}
            description={t("campaigns.messageText")}
            placeholder={parts.own_messages[settings.language] ?? ""}
            value={settings.message_text ?? ""}
            onChange={(event) => onChange({ message_text: event.currentTarget.value || null })}
            maxLength={600}
            autosize
            minRows={2}
            className="field-wide"
            data-testid="campaign-message"
          />
        )}
        {(pooled || settings.abandoned_text !== null) && (
          <Textarea
            label={t("campaigns.abandoned")}
            description={t("campaigns.abandonedText")}
            placeholder={t("campaigns.abandonedExample")}
            value={settings.abandoned_text ?? ""}
            onChange={(event) => onChange({ abandoned_text: event.currentTarget.value || null })}
            maxLength={600}
            autosize
            minRows={2}
            className="field-wide"
            data-testid="campaign-abandoned"
          />
        )}
      </div>
    </section>
  );
}
