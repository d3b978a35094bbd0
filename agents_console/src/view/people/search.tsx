import { Alert, Loader, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useSearchParams } from "wouter";
import { answer, api, type Schemas } from "../../api/client";
import { formatPhone } from "../../format/amounts";
import { problemWords } from "../notices";

/** After so long without a key the search is made. */
const PAUSE_MS = 350;

export function Search() {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const [, go] = useLocation();
  const typed = query.get("q") ?? "";
  const [asked] = useDebouncedValue(typed.trim(), PAUSE_MS);
  const found = useQuery({
    queryKey: ["people", asked],
    enabled: asked.length > 1,
    placeholderData: keepPreviousData,
    queryFn: () => answer(api.GET("/api/v1/people", { params: { query: { q: asked } } })),
  });
  const people = asked.length > 1 ? found.data : undefined;
  return (
    <>
      <Title order={1} size="h4">
        {t("people.title")}
      </Title>
      <TextInput
        label={t("people.search")}
        description={t("people.hint")}
        leftSection={<IconSearch size={18} aria-hidden />}
        rightSection={found.isFetching ? <Loader size="xs" aria-label={t("app.loading")} /> : null}
        value={typed}
        maxLength={100}
        autoFocus
        onChange={(event) =>
          setQuery(event.currentTarget.value ? { q: event.currentTarget.value } : {}, { replace: true })
        }
        onKeyDown={(event) => {
          if (event.key === "Enter" && people?.length === 1) go(`/people/${people[0]?.id}`);
        }}
        data-testid="person-search"
      />
      {found.isError && asked.length > 1 && <Alert color="yellow">{problemWords(found.error)}</Alert>}
      {asked.length <= 1 && <Text c="dimmed">{t("people.empty")}</Text>}
      {people?.length === 0 && !found.isFetching && <Text c="dimmed">{t("people.none", { q: asked })}</Text>}
      <ul className="rows people-found">
        {people?.map((person) => (
          <Row key={person.id} person={person} />
        ))}
      </ul>
    </>
  );
}

function Row({ person }: { person: Schemas["FoundPerson"] }) {
  const { t } = useTranslation();
  return (
    <li>
      <Link href={`/people/${person.id}`} data-testid={`person-${person.external_ref}`}>
        <b>{person.full_name}</b>
        <span>{person.external_ref}</span>
        <Text span c="dimmed" inherit>
          {person.numbers.map(formatPhone).join(" · ") || t("people.noNumber")}
        </Text>
        <Text span c="dimmed" inherit>
          {person.creditors}
        </Text>
      </Link>
    </li>
  );
}
