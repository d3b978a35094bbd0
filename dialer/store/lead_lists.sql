-- A list of leads on its way in: copied into a temporary table as it is, judged, then spread over the real tables.

-- name: make_table
CREATE TEMPORARY TABLE incoming (
    row integer NOT NULL,
    external_ref text NOT NULL,
    full_name text NOT NULL,
    language text,
    time_zone text,
    segment text,
    priority smallint NOT NULL,
    phones text[] NOT NULL,
    debt_ref text,
    creditor text,
    product text,
    balance_minor bigint,
    currency text,
    due_on date
) ON COMMIT DROP

-- name: analyze
ANALYZE incoming

-- name: debts_of_two_people
-- Rows whose debt belongs to another person, in the file or already here.
SELECT incoming.row, incoming.debt_ref, min(other.row) AS other_row
FROM incoming
JOIN incoming AS other ON other.debt_ref = incoming.debt_ref AND other.external_ref <> incoming.external_ref
                      AND other.row < incoming.row
GROUP BY incoming.row, incoming.debt_ref
UNION ALL
SELECT incoming.row, incoming.debt_ref, NULL
FROM incoming
JOIN debt ON debt.external_ref = incoming.debt_ref
JOIN person ON person.id = debt.person_id AND person.external_ref <> incoming.external_ref
ORDER BY 1

-- name: drop_rows
DELETE FROM incoming WHERE row = ANY ($1::int[])

-- name: make_list
INSERT INTO lead_list (campaign_id, name, content_sha256) VALUES ($1, $2, $3) RETURNING id

-- name: write_segments
INSERT INTO segment (name)
SELECT DISTINCT segment FROM incoming WHERE segment IS NOT NULL
ON CONFLICT (name) DO NOTHING

-- name: update_persons
-- Who is known keeps what the file does not say.
UPDATE person
SET full_name = given.full_name,
    language = coalesce(given.language, person.language),
    time_zone = coalesce(given.time_zone, person.time_zone)
FROM (
    SELECT DISTINCT ON (external_ref) external_ref, full_name, language, time_zone
    FROM incoming
    ORDER BY external_ref, row
) AS given
WHERE person.external_ref = given.external_ref
  AND (person.full_name, person.language, person.time_zone) IS DISTINCT FROM
      (given.full_name, coalesce(given.language, person.language), coalesce(given.time_zone, person.time_zone))

-- name: write_persons
-- $1 is the campaign's language.
INSERT INTO person (external_ref, full_name, language, time_zone)
SELECT DISTINCT ON (external_ref) external_ref, full_name, coalesce(language, $1), time_zone
FROM incoming
ORDER BY external_ref, row
ON CONFLICT (external_ref) DO NOTHING

-- name: write_phones
-- New numbers go behind those the person has, in the order of the file.
WITH given AS (
    SELECT person.id AS person_id, phone.number, min(incoming.row::bigint * 100 + phone.n) AS place
    FROM incoming
    JOIN person ON person.external_ref = incoming.external_ref
    CROSS JOIN unnest(incoming.phones) WITH ORDINALITY AS phone (number, n)
    GROUP BY person.id, phone.number
), held AS (
    SELECT person_id, max(position) + 1 AS next_position
    FROM phone
    WHERE person_id IN (SELECT person_id FROM given)
    GROUP BY person_id
)
INSERT INTO phone (person_id, number, position)
SELECT given.person_id,
       given.number,
       coalesce(held.next_position, 0) + row_number() OVER (PARTITION BY given.person_id ORDER BY given.place) - 1
FROM given
LEFT JOIN held USING (person_id)
WHERE NOT EXISTS (
    SELECT FROM phone WHERE phone.person_id = given.person_id AND phone.number = given.number
)
ORDER BY given.place
ON CONFLICT (person_id, number) DO NOTHING

-- name: write_debts
-- A debt that stands in several rows is as its last row says.
INSERT INTO debt (person_id, external_ref, creditor, product, balance_minor, currency, due_on)
SELECT DISTINCT ON (incoming.debt_ref)
       person.id, incoming.debt_ref, creditor, product, balance_minor, currency, due_on
FROM incoming
JOIN person ON person.external_ref = incoming.external_ref
WHERE incoming.debt_ref IS NOT NULL
ORDER BY incoming.debt_ref, incoming.row DESC
ON CONFLICT (external_ref) DO UPDATE
SET creditor = excluded.creditor,
    product = excluded.product,
    balance_minor = excluded.balance_minor,
    currency = excluded.currency,
    due_on = excluded.due_on

-- name: write_leads
-- One lead a person, about his most overdue debt of the file. A lead that is in the campaign already keeps its state: a
-- file does not make anybody callable again. Who must not be called comes in suppressed.
WITH given AS (
    SELECT DISTINCT ON (external_ref)
           external_ref,
           debt_ref,
           first_value(segment) OVER (PARTITION BY external_ref ORDER BY segment IS NULL, row) AS segment,
           max(priority) OVER (PARTITION BY external_ref) AS priority,
           min(row) OVER (PARTITION BY external_ref) AS place
    FROM incoming
    ORDER BY external_ref, debt_ref IS NULL, due_on NULLS LAST, row
), written AS (
    INSERT INTO lead (campaign_id, list_id, person_id, debt_id, segment_id, priority, state, state_reason)
    SELECT $1,
           $2,
           person.id,
           debt.id,
           segment.id,
           given.priority,
           CASE WHEN listed.yes THEN 'suppressed' ELSE 'callable' END,
           CASE WHEN listed.yes THEN 'do_not_call' END
    FROM given
    JOIN person ON person.external_ref = given.external_ref
    LEFT JOIN debt ON debt.external_ref = given.debt_ref
    LEFT JOIN segment ON segment.name = given.segment
    CROSS JOIN LATERAL (
        SELECT EXISTS (SELECT FROM do_not_call WHERE do_not_call.person_id = person.id) AS yes
    ) AS listed
    ORDER BY given.place
    ON CONFLICT (campaign_id, person_id) DO UPDATE
    SET debt_id = coalesce(excluded.debt_id, lead.debt_id),
        segment_id = coalesce(excluded.segment_id, lead.segment_id),
        priority = excluded.priority
    RETURNING list_id
)
SELECT count(*) FILTER (WHERE list_id = $2) AS new, count(*) FILTER (WHERE list_id <> $2) AS known FROM written
