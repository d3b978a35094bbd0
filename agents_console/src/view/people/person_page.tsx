import { Alert, Anchor, Badge, Button, Loader, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { answer, api } from "../../api/client";
import { formatClock } from "../../format/times";
import { LANGUAGES, type Language } from "../../words";
import { problemWords } from "../notices";
import { useLocale } from "../use_locale";
import { LeadWhy } from "../why/lead_why";
import { reasonWords } from "../why/reason_words";
import { Lift } from "./decisions";
import { Debts, Numbers } from "./holdings";
import { type Person, personKey } from "./person";
import { Story } from "./story";

export function PersonPage({ id }: { id: number }) {
  const { t } = useTranslation();
  const found = useQuery({
    queryKey: personKey(id),
    queryFn: () => answer(api.GET("/api/v1/people/{id}", { params: { path: { id } } })),
  });
  return (
    <>
      <Anchor component={Link} href="/people" size="sm" underline="always" w="fit-content">
        {t("people.back")}
      </Anchor>
      {found.isPending && <Loader aria-label={t("app.loading")} />}
      {found.isError && <Alert color="red">{problemWords(found.error)}</Alert>}
      {found.data && <Card person={found.data} />}
    </>
  );
}

function Card({ person }: { person: Person }) {
  const { t } = useTranslation();
  const locale = useLocale();
  return (
    <>
      <div className="person-head">
        <Title order={1} size="h3" data-testid="person-title">
          {person.full_name}
        </Title>
        <Text c="dimmed">
          {person.external_ref} · {LANGUAGES[person.language as Language]?.name ?? person.language} ·{" "}
          {person.time_zone
            ? t("people.timeThere", { time: formatClock(Date.now(), locale, person.time_zone) })
            : t("people.zoneUnknown")}
        </Text>
        {person.do_not_call && (
          <>
            <Badge color="red.9" tt="none" size="lg" data-testid="do-not-call">
              {t("people.doNotCall")}
            </Badge>
            <Lift person={person} />
          </>
        )}
      </div>
      <div className="person">
        <div>
          <Leads leads={person.leads} />
          <Debts debts={person.debts} />
          <Numbers numbers={person.numbers} />
          {person.addresses.length > 0 && (
            <section className="panel" aria-label={t("people.addresses")}>
              <Title order={2} size="h5">
                {t("people.addresses")}
              </Title>
              {person.addresses.map((address) => (
                <Text key={`${address.kind} ${address.line}`} size="sm">
                  {[address.line, address.city, address.subdivision, address.country]
                    .filter(Boolean)
                    .join(", ")}
                </Text>
              ))}
            </section>
          )}
        </div>
        <div>
          <Story person={person} />
        </div>
      </div>
    </>
  );
}

function Leads({ leads }: { leads: Person["leads"] }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<number | null>(null);
  return (
    <section className="panel" aria-label={t("people.leads")}>
      <Title order={2} size="h5">
        {t("people.leads")}
      </Title>
      {leads.length === 0 && <Text c="dimmed">{t("people.noLeads")}</Text>}
      {leads.map((lead) => (
        <div key={lead.id} className="why">
          <div className="panel-head">
            <div>
              <Text fw={600}>{lead.campaign}</Text>
              <Text size="sm" c="dimmed">
                {reasonWords(lead.state_reason ? `${lead.state}: ${lead.state_reason}` : lead.state)}
                {" · "}
                {t("people.attempts", { count: lead.attempts })}
                {lead.segment && ` · ${lead.segment}`}
              </Text>
            </div>
            {asked !== lead.id && (
              <Button
                size="xs"
                variant="default"
                onClick={() => setAsked(lead.id)}
                data-testid={`ask-why-${lead.id}`}
              >
                {t("people.askWhy")}
              </Button>
            )}
          </div>
          {asked === lead.id && <LeadWhy leadId={lead.id} />}
        </div>
      ))}
    </section>
  );
}
