import { Select, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatNumber, formatShare } from "../../format/amounts";
import { MODES, POLICIES, WINDOWS } from "../supervisor/campaign_settings";
import { useLocale } from "../use_locale";
import type { FieldsProps } from "./campaign_form";
import { Figure } from "./figure";

/** How a campaign dials: its mode, the goal where the dialer decides how many calls, and its turn in the group. */
export function DialFields({ settings, parts, onChange }: FieldsProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const law = parts.laws.find(({ name }) => name === settings.rule_set);
  const pooled = settings.mode === "power" || settings.mode === "predictive";
  const atMost = (most: string) => t("campaigns.lawAllows", { most });
  return (
    <section className="panel" aria-label={t("campaigns.dialling")}>
      <Title order={2} size="h5">
        {t("campaigns.dialling")}
      </Title>
      <div className="field-grid">
        <Select
          label={t("supervisor.mode")}
          description={t(`modeHelp.${settings.mode}`)}
          data={MODES.map((mode) => ({ value: mode, label: t(`mode.${mode}`) }))}
          value={settings.mode}
          onChange={(mode) => mode && onChange({ mode })}
          allowDeselect={false}
          data-testid="campaign-mode"
        />
        {settings.mode === "power" && (
          <Figure
            label={t("supervisor.ratio")}
            value={settings.ratio}
            range={[1, 10, 0.1]}
            onChange={(ratio) => onChange({ ratio })}
          />
        )}
        {settings.mode === "predictive" && (
          <Select
            label={t("supervisor.policy")}
            description={t("campaigns.policyText")}
            data={POLICIES.map((policy) => ({ value: policy, label: t(`policy.${policy}`) }))}
            value={settings.policy}
            onChange={(policy) => policy && onChange({ policy })}
            allowDeselect={false}
          />
        )}
        {pooled && (
          <>
            <Figure
              label={t("supervisor.cap")}
              description={law?.most_abandoned ? atMost(formatShare(law.most_abandoned, locale)) : ""}
              value={settings.abandon_cap}
              scale={100}
              range={[0, 100, 0.5]}
              onChange={(abandon_cap) => onChange({ abandon_cap })}
              testid="campaign-cap"
            />
            <Select
              label={t("supervisor.window")}
              description={
                law?.most_abandoned
                  ? t("campaigns.lawWindow", { window: t(`window.${law.widest_window}`) })
                  : ""
              }
              data={WINDOWS.map((window) => ({ value: window, label: t(`window.${window}`) }))}
              value={settings.abandon_window}
              onChange={(abandon_window) => abandon_window && onChange({ abandon_window })}
              allowDeselect={false}
            />
            <Figure
              label={t("supervisor.wait")}
              description={law?.most_wait_s ? atMost(`${formatNumber(law.most_wait_s, locale)} s`) : ""}
              value={settings.connect_limit_s}
              range={[1, 10, 1]}
              onChange={(connect_limit_s) => onChange({ connect_limit_s })}
            />
            <Figure
              label={t("supervisor.maxLines")}
              value={settings.max_lines_per_agent}
              range={[1, 15, 0.5]}
              onChange={(max_lines_per_agent) => onChange({ max_lines_per_agent })}
            />
          </>
        )}
        <Figure
          label={t("campaigns.priority")}
          description={t("campaigns.priorityText")}
          value={settings.priority}
          range={[-1000, 1000, 1]}
          whole
          onChange={(priority) => onChange({ priority })}
        />
        <Figure
          label={t("campaigns.share")}
          description={t("campaigns.shareText")}
          value={settings.share}
          range={[0.01, 100, 1]}
          onChange={(share) => onChange({ share })}
        />
      </div>
    </section>
  );
}
