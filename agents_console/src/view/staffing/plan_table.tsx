import { Button, Group, Table } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useLocale } from "../use_locale";
import type { Group as AgentGroup, Plan } from "./coming";
import { planDays, planSpan, planWhat, planWho } from "./plan_words";

interface PlanTableProps {
  group: AgentGroup;
  busy: boolean;
  onEdit: (plan: Plan) => void;
  onDrop: (plan: Plan) => void;
}

export function PlanTable({ group, busy, onEdit, onDrop }: PlanTableProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <div className="scroll-across" tabIndex={0}>
      <Table fz="sm" verticalSpacing={6} horizontalSpacing={8}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("staffing.what")}</Table.Th>
            <Table.Th>{t("staffing.who")}</Table.Th>
            <Table.Th>{t("staffing.when")}</Table.Th>
            <Table.Th>{t("staffing.days")}</Table.Th>
            <Table.Th>{t("staffing.zone")}</Table.Th>
            <Table.Td />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {group.plans.map((plan) => {
            const what = planWhat(plan, locale);
            return (
              <Table.Tr key={plan.id} data-testid={`plan-${plan.id}`}>
                <Table.Td fw={600}>{what}</Table.Td>
                <Table.Td>{planWho(plan, group)}</Table.Td>
                <Table.Td>{planSpan(plan)}</Table.Td>
                <Table.Td>{planDays(plan)}</Table.Td>
                <Table.Td>{plan.zone}</Table.Td>
                <Table.Td>
                  <Group gap={6} wrap="nowrap" justify="flex-end">
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-label={t("staffing.editOf", { what })}
                      onClick={() => onEdit(plan)}
                      data-testid="edit-plan"
                    >
                      {t("staffing.edit")}
                    </Button>
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-label={t("staffing.dropOf", { what })}
                      disabled={busy}
                      onClick={() => onDrop(plan)}
                      data-testid="drop-plan"
                    >
                      {t("staffing.drop")}
                    </Button>
                  </Group>
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </div>
  );
}
