import "./why.css";
import { Alert, Loader, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../api/client";
import { formatPhone } from "../../format/amounts";
import { formatDateTime } from "../../format/times";
import { wordsFor } from "../../words";
import { problemWords } from "../notices";
import { useLocale } from "../use_locale";
import { reasonWords } from "./reason_words";
import { Sources } from "./sources";

/** Whether a lead would be called now; if not, the first rule in the way, its norm and source, and when it clears. */
export function LeadWhy({ leadId }: { leadId: number }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const found = useQuery({
    queryKey: ["why", leadId],
    queryFn: () => answer(api.GET("/api/v1/leads/{id}/callability", { params: { path: { id: leadId } } })),
  });
  if (found.isError) return <Alert color="red">{problemWords(found.error)}</Alert>;
  if (!found.data) return <Loader size="sm" aria-label={t("app.loading")} />;
  const why = found.data;
  const clears = (at: string | null) =>
    at === null ? t("why.never") : t("why.clears", { time: formatDateTime(Date.parse(at), locale) });
  return (
    <div className="why-answer" data-callable={why.callable} data-testid={`why-${leadId}`}>
      <Text fw={600}>
        {why.rule === null ? t("why.now") : t("why.notNow", { reason: reasonWords(why.rule) })}
      </Text>
      {why.rule !== null && <Text size="sm">{clears(why.clears_at)}</Text>}
      <dl className="why-facts">
        {why.norm && (
          <>
            <dt>{t("why.norm")}</dt>
            <dd>{why.norm}</dd>
          </>
        )}
        {why.sources.length > 0 && (
          <>
            <dt>{t("why.source")}</dt>
            <dd>
              <Sources sources={why.sources} />
            </dd>
          </>
        )}
        {why.confidence && (
          <>
            <dt>{t("why.confidence")}</dt>
            <dd>{wordsFor("confidence", why.confidence)}</dd>
          </>
        )}
        {why.phones.length > 1 && (
          <>
            <dt>{t("why.numbers")}</dt>
            <dd>
              {why.phones.map((phone) => (
                <div key={phone.phone_id}>
                  {formatPhone(phone.number)}:{" "}
                  {phone.rule === null ? t("why.numberFree") : reasonWords(phone.rule)}
                </div>
              ))}
            </dd>
          </>
        )}
      </dl>
      <Text size="xs" c="dimmed">
        {t("why.rules", { name: why.rule_set, version: why.rule_set_version })}
      </Text>
    </div>
  );
}
