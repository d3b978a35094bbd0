import { NumberInput, Switch, Table, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../api/client";
import { formatRest } from "../../format/times";
import { useLocale } from "../use_locale";

type Rules = Schemas["PlanSettings"]["rules"];
type Outcome = Schemas["Outcome"];
type Rule = Schemas["RetryRule"];

/** The longest rest, 60 days, in minutes. */
const MAX_REST_MIN = 60 * 24 * 60;

/** What follows each outcome: how long to rest, how often in a row on a number, and whether another number is next. */
export function RetryRules({ rules, onChange }: { rules: Rules; onChange: (rules: Rules) => void }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const entries = Object.entries(rules) as [Outcome, Rule][];
  return (
    <section className="panel" aria-label={t("plans.rules")}>
      <Title order={2} size="h5">
        {t("plans.rules")}
      </Title>
      <Table fz="sm" verticalSpacing={4} horizontalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("plans.outcome")}</Table.Th>
            <Table.Th>{t("plans.rest")}</Table.Th>
            <Table.Th>{t("plans.inARow")}</Table.Th>
            <Table.Th>{t("plans.next")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map(([outcome, rule]) => {
            const name = t(`outcome.${outcome}`);
            const put = (part: Partial<Rule>) => onChange({ ...rules, [outcome]: { ...rule, ...part } });
            return (
              <Table.Tr key={outcome}>
                <Table.Td>{name}</Table.Td>
                <Table.Td>
                  <NumberInput
                    size="xs"
                    aria-label={t("plans.restOf", { outcome: name })}
                    value={rule.delay_s / 60}
                    onChange={(value) =>
                      typeof value === "number" && put({ delay_s: Math.round(value * 60) })
                    }
                    min={0}
                    max={MAX_REST_MIN}
                    clampBehavior="strict"
                    decimalScale={2}
                    rightSection={<span className="rest-words">{formatRest(rule.delay_s, locale)}</span>}
                    rightSectionWidth={64}
                    rightSectionPointerEvents="none"
                    hideControls
                    data-testid={`rest-${outcome}`}
                  />
                </Table.Td>
                <Table.Td>
                  <NumberInput
                    size="xs"
                    aria-label={t("plans.inARowOf", { outcome: name })}
                    value={rule.max_tries}
                    onChange={(value) => typeof value === "number" && put({ max_tries: value })}
                    min={0}
                    max={100}
                    clampBehavior="strict"
                    allowDecimal={false}
                  />
                </Table.Td>
                <Table.Td>
                  <Switch
                    aria-label={t("plans.nextOf", { outcome: name })}
                    checked={rule.next_phone}
                    onChange={(event) => put({ next_phone: event.currentTarget.checked })}
                  />
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </section>
  );
}
