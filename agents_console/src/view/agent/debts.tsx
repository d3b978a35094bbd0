import { Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatMoney, formatPhone } from "../../format/amounts";
import { formatDay, isPast } from "../../format/times";
import type { CallCard } from "../../state/state";
import { useLocale } from "../use_locale";

export function Debts({ debts }: { debts: CallCard["debts"] }) {
  const { t } = useTranslation();
  const locale = useLocale();
  return (
    <section className="panel" aria-labelledby="debts">
      <Title order={2} size="h5" id="debts">
        {t("call.debts")}
      </Title>
      {debts.length === 0 && <Text c="dimmed">{t("call.noDebts")}</Text>}
      {debts.map((debt) => (
        <div key={debt.external_ref} className="debt" data-testid="debt">
          <div className="debt-line">
            <Text fw={600}>{debt.product}</Text>
            <Text fw={650} className="amount">
              {formatMoney(debt.balance_minor, debt.currency, locale)}
            </Text>
          </div>
          <div className="debt-line">
            <Text size="sm" c="dimmed">
              {debt.creditor} · {debt.external_ref}
            </Text>
            {debt.days_past_due !== null && (
              <Text size="sm" className="late" data-late={debt.days_past_due > 90}>
                {t("call.days", { count: debt.days_past_due })}
              </Text>
            )}
          </div>
          {debt.due_on && (
            <Text size="sm" c="dimmed">
              {t(isPast(debt.due_on) ? "people.wasDue" : "people.due")} {formatDay(debt.due_on, locale)}
            </Text>
          )}
        </div>
      ))}
    </section>
  );
}

export function Phones({ call }: { call: CallCard }) {
  const { t } = useTranslation();
  return (
    <section className="panel" aria-labelledby="phones">
      <Title order={2} size="h5" id="phones">
        {t("call.phones")}
      </Title>
      <ul className="phones">
        {call.phones.map((phone) => (
          <li key={phone.id} data-active={phone.status === "active"} data-testid="phone">
            <span className="phone-number">{formatPhone(phone.number)}</span>
            <Text span size="sm" c="dimmed">
              {phone.id === call.phone_id && call.attempt_id !== null
                ? t("call.dialled")
                : t(`phoneStatus.${phone.status}`)}
            </Text>
          </li>
        ))}
      </ul>
    </section>
  );
}
