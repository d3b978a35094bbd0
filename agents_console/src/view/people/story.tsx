import { Button, Group, Select, Text, Textarea, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { answer, api } from "../../api/client";
import { formatMoney, formatPhone } from "../../format/amounts";
import { formatDateTime, formatDay } from "../../format/times";
import { wordsFor } from "../../words";
import { showDone, showProblem } from "../notices";
import { useLocale } from "../use_locale";
import { ResolveDispute, WithdrawPromise } from "./decisions";
import { type Person, refreshPerson } from "./person";

type Entry = Person["entries"][number];

/** All that happened with the person, the newest first, and room for a note. */
export function Story({ person }: { person: Person }) {
  const { t } = useTranslation();
  const [kind, setKind] = useState<string | null>(null);
  const kinds = [...new Set(person.entries.map((entry) => entry.kind))];
  const shown = person.entries.filter((entry) => kind === null || entry.kind === kind);
  return (
    <section className="panel" aria-label={t("people.story")}>
      <div className="panel-head">
        <Title order={2} size="h5">
          {t("people.story")}
        </Title>
        {kinds.length > 1 && (
          <Select
            size="xs"
            aria-label={t("people.everything")}
            placeholder={t("people.everything")}
            data={kinds.map((value) => ({ value, label: wordsFor("entryKind", value) }))}
            value={kind}
            onChange={setKind}
            clearable
            clearButtonProps={{ "aria-label": t("people.everything") }}
            data-testid="story-kind"
          />
        )}
      </div>
      <NewNote personId={person.id} />
      {shown.length === 0 && <Text c="dimmed">{t("people.noStory")}</Text>}
      <ol className="story" data-testid="story">
        {shown.map((entry) => (
          <Line
            key={`${entry.kind} ${entry.at} ${entry.more.id ?? entry.more.reference ?? entry.text}`}
            entry={entry}
            personId={person.id}
          />
        ))}
      </ol>
    </section>
  );
}

function NewNote({ personId }: { personId: number }) {
  const { t } = useTranslation();
  const [body, setBody] = useState("");
  const add = useMutation({
    mutationFn: () =>
      answer(api.POST("/api/v1/people/{id}/notes", { params: { path: { id: personId } }, body: { body } })),
    onSuccess: async () => {
      setBody("");
      showDone(t("people.noted"));
      await refreshPerson(personId);
    },
    onError: showProblem,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <Textarea
        label={t("people.note")}
        value={body}
        onChange={(event) => setBody(event.currentTarget.value)}
        maxLength={4000}
        autosize
        minRows={1}
        maxRows={6}
        data-testid="note"
      />
      {body.trim() !== "" && (
        <Group mt={6}>
          <Button type="submit" size="xs" loading={add.isPending} data-testid="add-note">
            {t("people.addNote")}
          </Button>
        </Group>
      )}
    </form>
  );
}

function Line({ entry, personId }: { entry: Entry; personId: number }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const { kind, state, more } = entry;
  const words = state && (kind === "attempt" ? wordsFor("outcome", state) : wordsFor("caseState", state));
  const id = typeof more.id === "number" ? more.id : null;
  return (
    <li data-testid={`entry-${kind}`}>
      <span className="story-when">{formatDateTime(Date.parse(entry.at), locale)}</span>
      <div>
        <div className="story-what">
          <b>{wordsFor("entryKind", kind)}</b>
          {words && <span>{words}</span>}
          {details(entry, locale, t).map((part) => (
            <span key={part}>{part}</span>
          ))}
          {entry.who && (
            <Text span size="sm" c="dimmed">
              {t("people.by", { who: entry.who })}
            </Text>
          )}
        </div>
        {entry.text && <div className="story-text">{entry.text}</div>}
        {state === "open" && id !== null && (
          <Group mt={4}>
            {kind === "dispute" && <ResolveDispute id={id} personId={personId} />}
            {kind === "promise" && (
              <WithdrawPromise id={id} personId={personId} amount={money(more, locale) ?? ""} />
            )}
          </Group>
        )}
      </div>
    </li>
  );
}

/** What only this kind of entry has, in short. */
function details({ kind, more }: Entry, locale: string, t: TFunction): string[] {
  const text = (name: string) => (typeof more[name] === "string" ? (more[name] as string) : null);
  const parts: (string | null)[] = [money(more, locale)];
  const day = text("due_on");
  if (day) parts.push(t("people.dueOn", { day: formatDay(day, locale) }));
  const number = text("number");
  if (number) parts.push(formatPhone(number));
  parts.push(text("campaign"));
  const disposition = text("disposition");
  if (disposition) parts.push(t("people.result", { code: disposition }));
  const debt = text("debt");
  if (debt) parts.push(t("people.debtRef", { ref: debt }));
  const reason = text("reason");
  if (reason) parts.push(wordsFor("choice", reason) === reason ? reason : wordsFor("choice", reason));
  parts.push(text("resolution"));
  if (kind === "payment") parts.push(text("reference"));
  const channel = text("channel");
  if (channel) parts.push(wordsFor("caseState", channel));
  const starts = text("starts");
  if (starts) parts.push(t("people.from", { time: starts }));
  const ends = text("ends");
  if (ends) parts.push(t("people.to", { time: ends }));
  if (Array.isArray(more.counts)) parts.push(more.counts.join(", "));
  if (more.withdrawn === true) parts.push(t("people.takenBack"));
  return parts.filter((part) => part !== null);
}

function money(more: Entry["more"], locale: string): string | null {
  const { amount_minor, currency } = more;
  return typeof amount_minor === "number" && typeof currency === "string"
    ? formatMoney(amount_minor, currency, locale)
    : null;
}
