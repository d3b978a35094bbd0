import "./why.css";
import { Alert, Button, Group, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { answer, api, type Schemas } from "../../api/client";
import { formatNumber } from "../../format/amounts";
import { formatClock, formatDateTime } from "../../format/times";
import type { CampaignLive } from "../../state/state";
import { problemWords } from "../notices";
import { useLocale } from "../use_locale";
import { reasonWords } from "./reason_words";
import { Sources } from "./sources";

type Reason = Schemas["ReasonCount"] & Partial<Schemas["LawCount"]>;

/** Counts per reason why a campaign's leads are not called now. Counted when asked: it judges a thousand leads. */
export function CampaignObstacles({ campaign }: { campaign: CampaignLive }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const found = useQuery({
    queryKey: ["obstacles", campaign.id],
    enabled: false,
    queryFn: () =>
      answer(api.GET("/api/v1/campaigns/{id}/callability", { params: { path: { id: campaign.id } } })),
  });
  const counts = found.data;
  const n = (value: number) => formatNumber(value, locale);
  return (
    <section className="why" aria-label={t("why.title")} data-testid="obstacles">
      <Title order={3} size="h6">
        {t("why.title")}
      </Title>
      {!counts && (
        <Text size="sm" c="dimmed">
          {t("why.text")}
        </Text>
      )}
      {found.isError && <Alert color="red">{problemWords(found.error)}</Alert>}
      {counts && campaign.state !== "running" && (
        <Alert color="yellow" p="xs">
          {t("why.notRunning")}
        </Alert>
      )}
      {counts && counts.due + counts.not_due.length === 0 && <Text size="sm">{t("why.none")}</Text>}
      {counts && counts.due > 0 && (
        <>
          <Text size="sm">{t("why.due", { due: n(counts.due), judged: n(counts.judged) })}</Text>
          <Bars label={t("why.law")} reasons={counts.law} />
        </>
      )}
      {counts && counts.not_due.length > 0 && <Bars label={t("why.notDue")} reasons={counts.not_due} />}
      <Group gap="sm">
        <Button
          size="xs"
          variant="default"
          loading={found.isFetching}
          onClick={() => void found.refetch()}
          data-testid="count-reasons"
        >
          {counts ? t("why.again") : t("why.ask")}
        </Button>
        {counts && (
          <Text size="xs" c="dimmed">
            {t("why.counted", { time: formatClock(found.dataUpdatedAt, locale) })}
          </Text>
        )}
      </Group>
    </section>
  );
}

function Bars({ label, reasons }: { label: string; reasons: Reason[] }) {
  const locale = useLocale();
  const most = Math.max(...reasons.map(({ leads }) => leads), 1);
  return (
    <div>
      <Text size="sm" fw={600} mb={6}>
        {label}
      </Text>
      <ul className="reasons">
        {reasons.map((each) => (
          <li key={each.reason} data-reason={each.reason} data-testid={`reason-${each.reason}`}>
            <div className="reason-bar">
              <span className="reason-fill" style={{ width: `${(each.leads / most) * 100}%` }} aria-hidden />
              <span>{reasonWords(each.reason)}</span>
              <span>{formatNumber(each.leads, locale)}</span>
            </div>
            <Norm reason={each} />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The norm of a rule with its sources, and when it lets the first lead go. */
function Norm({ reason: { norm, sources = [], clears_at } }: { reason: Reason }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const parts = [
    norm && <span key="norm">{norm}</span>,
    sources.length > 0 && <Sources key="sources" sources={sources} />,
    clears_at && (
      <span key="clears">
        {t("why.clearsFirst", { time: formatDateTime(Date.parse(clears_at), locale) })}
      </span>
    ),
  ].filter(Boolean);
  return parts.length === 0 ? null : <span className="reason-norm">{parts}</span>;
}
