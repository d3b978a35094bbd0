import { Table, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatMoney, formatPhone, formatShare } from "../../format/amounts";
import { formatDay, isPast } from "../../format/times";
import { wordsFor } from "../../words";
import { useLocale } from "../use_locale";
import type { Person } from "./person";

/** What the person owes or answers for. */
export function Debts({ debts }: { debts: Person["debts"] }) {
  const { t } = useTranslation();
  const locale = useLocale();
  return (
    <section className="panel" aria-label={t("people.debts")}>
      <Title order={2} size="h5">
        {t("people.debts")}
      </Title>
      {debts.length === 0 && <Text c="dimmed">{t("people.noDebts")}</Text>}
      {debts.map((debt) => (
        <div key={debt.id} className="panel-head">
          <div>
            <Text size="sm" fw={600}>
              {debt.creditor} · {debt.product}
            </Text>
            <Text size="sm" c="dimmed">
              {debt.external_ref}
              {debt.due_on &&
                ` · ${t(isPast(debt.due_on) ? "people.wasDue" : "people.due")} ${formatDay(debt.due_on, locale)}`}
              {debt.status !== "open" && ` · ${wordsFor("caseState", debt.status)}`}
              {debt.role && ` · ${wordsFor("caseState", debt.role)} `}
              {debt.debtor && t("people.debtOf", { name: debt.debtor })}
            </Text>
          </div>
          <Text className="amount" fw={600}>
            {formatMoney(debt.balance_minor, debt.currency, locale)}
          </Text>
        </div>
      ))}
    </section>
  );
}

/** The person's numbers, with what calling them taught. */
export function Numbers({ numbers }: { numbers: Person["numbers"] }) {
  const { t } = useTranslation();
  const locale = useLocale();
  return (
    <section className="panel" aria-label={t("people.numbers")}>
      <Title order={2} size="h5">
        {t("people.numbers")}
      </Title>
      {numbers.length === 0 && <Text c="dimmed">{t("people.noNumber")}</Text>}
      {numbers.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        <div className="scroll-across" tabIndex={0}>
          <Table fz="sm" verticalSpacing={5} horizontalSpacing={8}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("people.number")}</Table.Th>
                <Table.Th>{t("people.numberState")}</Table.Th>
                <Table.Th ta="right">{t("people.own")}</Table.Th>
                <Table.Th ta="right">{t("people.spoken")}</Table.Th>
                <Table.Th ta="right">{t("people.wrong")}</Table.Th>
                <Table.Th ta="right">{t("people.tries")}</Table.Th>
                <Table.Th>{t("people.last")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {numbers.map((number) => (
                <Table.Tr key={number.number}>
                  <Table.Td className="amount">{formatPhone(number.number)}</Table.Td>
                  <Table.Td>
                    {wordsFor(
                      "caseState",
                      number.status === "active" && number.demoted ? "demoted" : number.status,
                    )}
                  </Table.Td>
                  <Table.Td ta="right">{formatShare(number.confidence, locale)}</Table.Td>
                  <Table.Td ta="right">{number.right_party}</Table.Td>
                  <Table.Td ta="right">{number.wrong_number}</Table.Td>
                  <Table.Td ta="right">{number.tries}</Table.Td>
                  <Table.Td>{number.last_outcome && wordsFor("outcome", number.last_outcome)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </section>
  );
}
