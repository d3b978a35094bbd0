import { Anchor, Loader, Table, Text, Title } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { answer, api, type Schemas } from "../../api/client";
import { formatMoney, formatNumber } from "../../format/amounts";
import { wordsFor } from "../../words";
import { useLocale } from "../use_locale";
import { FINDINGS, type Import } from "./import";

/** Rows with something to say that are shown here; all are in the file. */
const SHOWN = 20;

/** What came of the file or, before it is loaded, what would. */
export function Report({ file }: { file: Import }) {
  const { t } = useTranslation();
  const loaded = file.state === "loaded";
  const findings = file.leads?.findings ?? file.cases?.findings ?? {};
  const ignored = file.leads?.ignored_columns ?? file.cases?.ignored_columns ?? [];
  return (
    <section
      className="panel"
      aria-label={t(loaded ? "imports.done" : "imports.would")}
      data-testid="import-report"
    >
      <Title order={2} size="h5">
        {t(loaded ? "imports.done" : "imports.would")}
      </Title>
      {file.leads && <LeadFigures report={file.leads} />}
      {file.cases && <CaseFigures report={file.cases} />}
      {file.leads && file.leads.books.length > 0 && <Books books={file.leads.books} />}
      {ignored.length > 0 && (
        <Text size="sm" c="dimmed">
          {t("imports.ignored", { columns: ignored.join(", ") })}
        </Text>
      )}
      {Object.keys(findings).length > 0 && <Findings id={file.id} counts={findings} />}
    </section>
  );
}

function LeadFigures({ report }: { report: Schemas["LeadsReport"] }) {
  const { t } = useTranslation();
  const figures = {
    rows: report.rows,
    newLeads: report.leads,
    known: report.known_leads,
    changed: report.refreshed_leads,
    suppressed: report.suppressed,
    bad: report.bad_rows,
    repeated: report.repeated_rows,
    shared: report.shared_numbers,
    phones: report.phones,
    debts: report.debts,
    resumed: report.resumed_rows,
  };
  const always = ["rows", "newLeads", "known", "bad"];
  return (
    <Figures
      figures={Object.entries(figures)
        .filter(([name, value]) => value > 0 || always.includes(name))
        .map(([name, value]) => [name, t(`imports.figure.${name as keyof typeof figures}`), value])}
    />
  );
}

function CaseFigures({ report }: { report: Schemas["CasesReport"] }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const n = (value: number) => formatNumber(value, locale);
  const told = Object.entries(report.deltas).filter(([, d]) => d.new + d.changed + d.known > 0);
  return (
    <>
      <Figures
        figures={[
          ["rows", t("imports.figure.rows"), report.rows],
          ["bad", t("imports.figure.bad"), report.bad_rows],
        ]}
      />
      <Table fz="sm" className="report-table">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("imports.matter")}</Table.Th>
            <Table.Th ta="right">{t("imports.book.new")}</Table.Th>
            <Table.Th ta="right">{t("imports.changed")}</Table.Th>
            <Table.Th ta="right">{t("imports.wasKnown")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {told.map(([matter, delta]) => (
            <Table.Tr key={matter} data-testid={`delta-${matter}`}>
              <Table.Td>{wordsFor("matter", matter)}</Table.Td>
              <Table.Td ta="right">{n(delta.new)}</Table.Td>
              <Table.Td ta="right">{n(delta.changed)}</Table.Td>
              <Table.Td ta="right">{n(delta.known)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
}

function Figures({ figures }: { figures: [string, string, number][] }) {
  const locale = useLocale();
  return (
    <dl className="import-figures">
      {figures.map(([name, label, value]) => (
        <div key={name} data-testid={`figure-${name}`}>
          <dd>{formatNumber(value, locale)}</dd>
          <dt>{label}</dt>
        </div>
      ))}
    </dl>
  );
}

/** The creditors' books before and after the file: they balance, or nothing is loaded. */
function Books({ books }: { books: Schemas["BookView"][] }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const n = (value: number) => formatNumber(value, locale);
  return (
    <div className="scroll-across">
      {books.map((book) => {
        const money = (minor: number) => formatMoney(minor, book.currency, locale);
        const lines = [
          ["before", book.debts_before, book.before_minor],
          ["new", book.new_debts, book.new_minor],
          ["raised", book.raised_debts, book.raised_minor],
          ["lowered", book.lowered_debts, -book.lowered_minor],
          ["closed", book.closed_debts, -book.closed_minor],
          ["after", book.debts_after, book.after_minor],
        ] as const;
        return (
          <Table key={book.currency} fz="sm" className="report-table" data-testid={`book-${book.currency}`}>
            <Table.Caption>{t("imports.books", { currency: book.currency })}</Table.Caption>
            <Table.Thead>
              <Table.Tr>
                {lines.map(([line]) => (
                  <Table.Th key={line} ta="right">
                    {t(`imports.book.${line}`)}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              <Table.Tr>
                {lines.map(([line, debts, minor]) => (
                  <Table.Td key={line} ta="right">
                    {money(minor)}
                    <Text size="xs" c="dimmed">
                      {t("imports.debts", { count: debts, n: n(debts) })}
                    </Text>
                  </Table.Td>
                ))}
              </Table.Tr>
            </Table.Tbody>
          </Table>
        );
      })}
    </div>
  );
}

/** The lines in question, as they stand in the file. */
function Findings({ id, counts }: { id: number; counts: Record<string, number> }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const found = useQuery({
    queryKey: ["findings", id],
    queryFn: () =>
      answer(api.GET("/api/v1/imports/{id}/findings", { params: { path: { id }, query: { limit: SHOWN } } })),
  });
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return (
    <div data-testid="findings">
      <div className="panel-head">
        <Title order={3} size="h6">
          {t("imports.findings")}
        </Title>
        <Anchor
          href={`/api/v1/imports/${id}/findings.csv`}
          download
          size="sm"
          underline="always"
          className="with-icon"
        >
          <IconDownload size={16} aria-hidden />
          {t("imports.download")}
        </Anchor>
      </div>
      <ul className="finding-counts">
        {FINDINGS.filter((kind) => counts[kind]).map((kind) => (
          <li key={kind} data-kind={kind}>
            <b>{formatNumber(counts[kind] ?? 0, locale)}</b> {t(`imports.finding.${kind}`)}
          </li>
        ))}
      </ul>
      {found.isPending && <Loader size="sm" aria-label={t("app.loading")} />}
      {found.data && found.data.findings.length > 0 && (
        <div className="scroll-across">
          <Table fz="xs" className="finding-table">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("imports.row")}</Table.Th>
                <Table.Th>{t("imports.about")}</Table.Th>
                {found.data.header.map((cell, n) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns stand where the file has them
                  <Table.Th key={`${n} ${cell}`}>{cell}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {found.data.findings.map((finding, n) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: rows stand where the file has them
                <Table.Tr key={`${finding.row} ${n}`} data-kind={finding.kind}>
                  <Table.Td>{formatNumber(finding.row, locale)}</Table.Td>
                  <Table.Td className="finding-message">
                    {t(`imports.finding.${finding.kind}`)}
                    <Text size="xs" c="dimmed">
                      {finding.column && `${finding.column}: `}
                      {finding.message}
                    </Text>
                  </Table.Td>
                  {finding.cells.map((cell, place) => (
                    <Table.Td
                      // biome-ignore lint/suspicious/noArrayIndexKey: columns stand where the file has them
                      key={`${place} ${cell}`}
                      data-wrong={finding.column !== null && found.data.header[place] === finding.column}
                    >
                      {cell}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      {all > SHOWN && (
        <Text size="sm" c="dimmed">
          {t("imports.moreFindings", { n: formatNumber(all - SHOWN, locale) })}
        </Text>
      )}
    </div>
  );
}
