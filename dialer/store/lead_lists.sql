-- A list of leads on its way in: each block of the file is staged as it is judged, in a table of the run's own, so that
-- an interrupted import goes on where it stopped; the whole is then spread over the real tables in one transaction.
-- `incoming` is the session's view of the staged rows.

-- name: make_staging
-- @run is the run's number.
CREATE UNLOGGED TABLE IF NOT EXISTS staging.run_@run (
    row integer NOT NULL,
    external_ref text NOT NULL,
    full_name text NOT NULL,
    language text,
    time_zone text,
    country text,
    subdivision text,
    customer_since date,
    risk_score float8,
    segment text,
    priority smallint NOT NULL,
    phones text[] NOT NULL,
    kinds text[] NOT NULL,
    address text,
    city text,
    postal_code text,
    debt_ref text,
    creditor text,
    product text,
    balance_minor bigint,
    currency text,
    due_on date,
    opened_on date,
    account text,
    stage text
);
CREATE UNLOGGED TABLE IF NOT EXISTS staging.run_@run_bad (
    row integer NOT NULL,
    column_name text,
    message text NOT NULL,
    left_out boolean NOT NULL
);
CREATE OR REPLACE TEMPORARY VIEW incoming AS SELECT * FROM staging.run_@run;
CREATE OR REPLACE TEMPORARY VIEW incoming_bad AS SELECT * FROM staging.run_@run_bad;

-- name: known_list
-- The list of content $2 in campaign $1, and whether its import has still something to do.
SELECT id,
       name,
       created_at,
       EXISTS (SELECT FROM import_run WHERE campaign_id = $1 AND content_sha256 = $2) AS unfinished
FROM lead_list
WHERE campaign_id = $1 AND content_sha256 = $2

-- name: written_before
-- What list $1 added, asked for later.
SELECT count(*) AS leads, count(*) FILTER (WHERE state = 'suppressed') AS suppressed FROM lead WHERE list_id = $1

-- name: drop_staging
DROP TABLE IF EXISTS staging.run_@run, staging.run_@run_bad CASCADE;

-- name: staged
-- How far an import came: rows judged and the last of them.
SELECT (SELECT count(*) FROM incoming) + (SELECT count(DISTINCT row) FROM incoming_bad WHERE left_out) AS rows,
       greatest((SELECT max(row) FROM incoming), (SELECT max(row) FROM incoming_bad)) AS last_row

-- name: debts_of_two_people
-- Rows whose debt belongs to another person, in the file or already here, or was in another currency.
SELECT incoming.row, incoming.debt_ref, min(other.row) AS other_row, NULL AS currency
FROM incoming
JOIN incoming AS other ON other.debt_ref = incoming.debt_ref AND other.external_ref <> incoming.external_ref
                      AND other.row < incoming.row
GROUP BY incoming.row, incoming.debt_ref
UNION ALL
SELECT incoming.row, incoming.debt_ref, NULL, CASE WHEN person.external_ref = incoming.external_ref THEN debt.currency END
FROM incoming
JOIN debt ON debt.external_ref = incoming.debt_ref
JOIN person ON person.id = debt.person_id
WHERE person.external_ref <> incoming.external_ref
   OR (debt.currency <> incoming.currency AND debt.status = 'open' AND debt.balance_minor > 0)
ORDER BY 1

-- name: drop_rows
DELETE FROM incoming WHERE row = ANY ($1::int[])

-- name: count_duplicates
-- Rows that say again what another row says, and numbers that stand with more than one person.
SELECT (SELECT count(*) FROM incoming) - (SELECT count(*) FROM (SELECT DISTINCT external_ref, debt_ref FROM incoming) AS told)
           AS repeated_rows,
       (
           SELECT count(*)
           FROM (
               SELECT number
               FROM incoming
               CROSS JOIN unnest(phones) AS phone (number)
               GROUP BY number
               HAVING min(external_ref) <> max(external_ref)
           ) AS shared
       ) AS shared_numbers

-- name: reconcile
-- The books of the creditors of the file, by currency, before it and as it will make them; $1: debts that are missing
-- from the file are closed.
WITH given AS (
    SELECT DISTINCT ON (debt_ref) debt_ref, creditor, currency, balance_minor
    FROM incoming
    WHERE debt_ref IS NOT NULL
    ORDER BY debt_ref, row DESC
), book AS (
    SELECT coalesce(given.currency, held.currency) AS currency,
           CASE WHEN held.status = 'open' THEN held.balance_minor ELSE 0 END AS before,
           CASE
               WHEN given.debt_ref IS NOT NULL THEN given.balance_minor
               WHEN $1 OR held.status <> 'open' THEN 0
               ELSE held.balance_minor
           END AS after
    FROM given
    FULL JOIN (
        SELECT external_ref, currency, status, balance_minor
        FROM debt
        WHERE creditor IN (SELECT creditor FROM given)
    ) AS held ON held.external_ref = given.debt_ref
)
SELECT currency,
       count(*) FILTER (WHERE before > 0) AS debts_before,
       coalesce(sum(before), 0)::bigint AS before_minor,
       count(*) FILTER (WHERE before = 0 AND after > 0) AS new_debts,
       coalesce(sum(after) FILTER (WHERE before = 0 AND after > 0), 0)::bigint AS new_minor,
       count(*) FILTER (WHERE before > 0 AND after > before) AS raised_debts,
       coalesce(sum(after - before) FILTER (WHERE before > 0 AND after > before), 0)::bigint AS raised_minor,
       count(*) FILTER (WHERE after > 0 AND after < before) AS lowered_debts,
       coalesce(sum(before - after) FILTER (WHERE after > 0 AND after < before), 0)::bigint AS lowered_minor,
       count(*) FILTER (WHERE before > 0 AND after = 0) AS closed_debts,
       coalesce(sum(before) FILTER (WHERE before > 0 AND after = 0), 0)::bigint AS closed_minor,
       count(*) FILTER (WHERE before > 0 AND after = before) AS unchanged_debts,
       count(*) FILTER (WHERE after > 0) AS debts_after,
       coalesce(sum(after), 0)::bigint AS after_minor
FROM book
GROUP BY currency
ORDER BY currency

-- name: open_book
-- What the creditors of the file have open now, by currency: the other side of the reconciliation.
SELECT currency, coalesce(sum(balance_minor), 0)::bigint AS after_minor
FROM debt
WHERE status = 'open' AND creditor IN (SELECT creditor FROM incoming)
GROUP BY currency

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
    time_zone = coalesce(given.time_zone, person.time_zone),
    country = coalesce(given.country, person.country),
    subdivision = coalesce(given.subdivision, person.subdivision),
    customer_since = coalesce(given.customer_since, person.customer_since),
    risk_score = coalesce(given.risk_score, person.risk_score)
FROM (
    SELECT DISTINCT ON (external_ref)
           external_ref, full_name, language, time_zone, country, subdivision, customer_since, risk_score
    FROM incoming
    ORDER BY external_ref, row
) AS given
WHERE person.external_ref = given.external_ref
  AND (
          person.full_name, person.language, person.time_zone, person.country, person.subdivision,
          person.customer_since, person.risk_score
      ) IS DISTINCT FROM (
          given.full_name, coalesce(given.language, person.language), coalesce(given.time_zone, person.time_zone),
          coalesce(given.country, person.country), coalesce(given.subdivision, person.subdivision),
          coalesce(given.customer_since, person.customer_since), coalesce(given.risk_score, person.risk_score)
      )

-- name: make_newcomers
CREATE TEMPORARY TABLE newcomer (person_id bigint NOT NULL, external_ref text NOT NULL) ON COMMIT DROP

-- name: write_persons
-- $1 is the campaign's language.
WITH written AS (
    INSERT INTO person (
        external_ref, full_name, language, time_zone, country, subdivision, customer_since, risk_score
    )
    SELECT DISTINCT ON (external_ref)
           external_ref, full_name, coalesce(language, $1), time_zone, country, subdivision, customer_since, risk_score
    FROM incoming
    ORDER BY external_ref, row
    ON CONFLICT (external_ref) DO NOTHING
    RETURNING id, external_ref
)
INSERT INTO newcomer SELECT id, external_ref FROM written

-- name: resolve_persons
-- Which person each row is about, once for all that follows. `alone`: the person is new and has this one row, so that
-- nothing of his can be here or elsewhere in the file; nearly all of a new portfolio is like that, and goes the short way.
CREATE TEMPORARY TABLE arrived ON COMMIT DROP AS
SELECT incoming.row, person.id AS person_id, newcomer.person_id IS NOT NULL AND told.rows = 1 AS alone
FROM incoming
JOIN person ON person.external_ref = incoming.external_ref
JOIN (SELECT external_ref, count(*) AS rows FROM incoming GROUP BY external_ref) AS told
  ON told.external_ref = incoming.external_ref
LEFT JOIN newcomer ON newcomer.person_id = person.id;
ANALYZE arrived

-- name: write_new_phones
INSERT INTO phone (person_id, number, position, kind)
SELECT arrived.person_id, phone.number, phone.n - 1, phone.kind
FROM incoming
JOIN arrived USING (row)
CROSS JOIN unnest(incoming.phones, incoming.kinds) WITH ORDINALITY AS phone (number, kind, n)
WHERE arrived.alone

-- name: write_phones
-- New numbers of the others go behind those the person has, in the order of the file.
WITH given AS (
    SELECT DISTINCT ON (arrived.person_id, phone.number)
           arrived.person_id, phone.number, phone.kind, incoming.row::bigint * 100 + phone.n AS place
    FROM incoming
    JOIN arrived USING (row)
    CROSS JOIN unnest(incoming.phones, incoming.kinds) WITH ORDINALITY AS phone (number, kind, n)
    WHERE NOT arrived.alone
    ORDER BY arrived.person_id, phone.number, incoming.row::bigint * 100 + phone.n
), held AS (
    SELECT person_id, max(position) + 1 AS next_position
    FROM phone
    WHERE person_id IN (SELECT person_id FROM arrived WHERE NOT alone)
    GROUP BY person_id
)
INSERT INTO phone (person_id, number, position, kind)
SELECT given.person_id,
       given.number,
       coalesce(held.next_position, 0) + row_number() OVER (PARTITION BY given.person_id ORDER BY given.place) - 1,
       given.kind
FROM given
LEFT JOIN held USING (person_id)
WHERE NOT EXISTS (
    SELECT FROM phone WHERE phone.person_id = given.person_id AND phone.number = given.number
)
ON CONFLICT (person_id, number) DO NOTHING

-- name: write_addresses
INSERT INTO address (person_id, line, city, subdivision, country, postal_code, time_zone)
SELECT arrived.person_id, address, city, subdivision, country, postal_code, time_zone
FROM incoming
JOIN arrived USING (row)
WHERE address IS NOT NULL
ORDER BY row
ON CONFLICT (person_id, kind, line) DO NOTHING

-- name: write_new_debts
-- Nothing left to pay means closed.
INSERT INTO debt (
    person_id, external_ref, creditor, product, balance_minor, currency, due_on, opened_on, account, stage, status,
    closed_at, updated_at
)
SELECT arrived.person_id, debt_ref, creditor, product, balance_minor, currency, due_on, opened_on, account, stage,
       CASE WHEN balance_minor = 0 THEN 'paid' ELSE 'open' END,
       CASE WHEN balance_minor = 0 THEN now() END,
       now()
FROM incoming
JOIN arrived USING (row)
WHERE debt_ref IS NOT NULL AND arrived.alone

-- name: write_debts
-- Those of the others: a debt that stands in several rows is as its last row says; nothing left to pay closes it,
-- something opens it again.
INSERT INTO debt (
    person_id, external_ref, creditor, product, balance_minor, currency, due_on, opened_on, account, stage, status,
    closed_at, updated_at
)
SELECT DISTINCT ON (incoming.debt_ref)
       arrived.person_id, incoming.debt_ref, creditor, product, balance_minor, currency, due_on, opened_on, account,
       stage,
       CASE WHEN balance_minor = 0 THEN 'paid' ELSE 'open' END,
       CASE WHEN balance_minor = 0 THEN now() END,
       now()
FROM incoming
JOIN arrived USING (row)
WHERE incoming.debt_ref IS NOT NULL AND NOT arrived.alone
ORDER BY incoming.debt_ref, incoming.row DESC
ON CONFLICT (external_ref) DO UPDATE
SET creditor = excluded.creditor,
    product = excluded.product,
    balance_minor = excluded.balance_minor,
    currency = excluded.currency,
    due_on = excluded.due_on,
    opened_on = coalesce(excluded.opened_on, debt.opened_on),
    account = coalesce(excluded.account, debt.account),
    stage = coalesce(excluded.stage, debt.stage),
    status = excluded.status,
    closed_at = CASE WHEN excluded.status = 'open' THEN NULL ELSE coalesce(debt.closed_at, excluded.closed_at) END,
    updated_at = excluded.updated_at
WHERE (
          debt.creditor, debt.product, debt.balance_minor, debt.currency, debt.due_on, debt.opened_on, debt.account,
          debt.stage, debt.status
      ) IS DISTINCT FROM (
          excluded.creditor, excluded.product, excluded.balance_minor, excluded.currency, excluded.due_on,
          coalesce(excluded.opened_on, debt.opened_on), coalesce(excluded.account, debt.account),
          coalesce(excluded.stage, debt.stage), excluded.status
      )

-- name: close_missing_debts
-- Debts of the file's creditors that the file does not hold: the creditor has them no more.
UPDATE debt
SET status = 'withdrawn', closed_at = now(), updated_at = now()
WHERE status = 'open'
  AND creditor IN (SELECT creditor FROM incoming)
  AND external_ref NOT IN (SELECT debt_ref FROM incoming WHERE debt_ref IS NOT NULL)

-- name: write_leads
-- One lead a person, about his most overdue open debt of the file. A lead that is in the campaign already keeps its
-- state: a file does not make anybody callable again. Who must not be called comes in suppressed.
WITH given AS (
    SELECT arrived.person_id, debt_ref, balance_minor, segment, priority, row AS place
    FROM incoming
    JOIN arrived USING (row)
    WHERE arrived.alone
    UNION ALL
    (
        SELECT DISTINCT ON (arrived.person_id)
               arrived.person_id,
               debt_ref,
               balance_minor,
               first_value(segment) OVER (PARTITION BY arrived.person_id ORDER BY segment IS NULL, row),
               max(priority) OVER (PARTITION BY arrived.person_id),
               min(row) OVER (PARTITION BY arrived.person_id)
        FROM incoming
        JOIN arrived USING (row)
        WHERE NOT arrived.alone
        ORDER BY arrived.person_id, debt_ref IS NULL, balance_minor = 0, due_on NULLS LAST, row
    )
), written AS (
    INSERT INTO lead (campaign_id, list_id, person_id, debt_id, segment_id, priority, value, state, state_reason)
    SELECT $1,
           $2,
           given.person_id,
           owed.id,
           segment.id,
           given.priority,
           -- As `ordering.sql` judges whom nobody has called yet.
           coalesce(owed.balance_minor, 1) * (@urgency) * coalesce(learned.contact_rate, 0.1),
           CASE
               WHEN listed.person_id IS NOT NULL THEN 'suppressed'
               WHEN given.balance_minor = 0 THEN 'finished'
               ELSE 'callable'
           END,
           CASE
               WHEN listed.person_id IS NOT NULL THEN 'do_not_call'
               WHEN given.balance_minor = 0 THEN 'debt_closed'
           END
    FROM given
    LEFT JOIN debt AS owed ON owed.external_ref = given.debt_ref
    LEFT JOIN segment ON segment.name = given.segment
    LEFT JOIN campaign_order AS learned ON learned.campaign_id = $1
    LEFT JOIN (SELECT DISTINCT person_id FROM do_not_call WHERE person_id IS NOT NULL) AS listed
           ON listed.person_id = given.person_id
    ORDER BY given.place
    ON CONFLICT (campaign_id, person_id) DO NOTHING
    RETURNING state
)
SELECT count(*) AS new,
       count(*) FILTER (WHERE state = 'suppressed') AS suppressed,
       (SELECT count(*) FROM given) - count(*) AS known
FROM written

-- name: refresh_leads
-- Leads that were here before, in small transactions so that no call waits: of the persons $2 (ascending) in campaign $1
-- those that the file changes now point at the most overdue open debt, at the file's segment and priority. One whose
-- debts are all closed is finished, one whose debt is open again may be called again.
WITH given AS (
    SELECT DISTINCT ON (person.id)
           person.id AS person_id,
           incoming.debt_ref,
           first_value(segment) OVER (PARTITION BY person.id ORDER BY segment IS NULL, row) AS segment,
           max(priority) OVER (PARTITION BY person.id) AS priority
    FROM incoming
    JOIN person ON person.external_ref = incoming.external_ref
    WHERE person.id = ANY ($2::bigint[])
    ORDER BY person.id, debt_ref IS NULL, balance_minor = 0, due_on NULLS LAST, row
), wanted AS (
    SELECT given.person_id,
           debt.id AS debt_id,
           segment.id AS segment_id,
           given.priority,
           debt.id IS NOT NULL AND NOT EXISTS (
               SELECT FROM debt AS open WHERE open.person_id = given.person_id AND open.status = 'open'
           ) AS settled
    FROM given
    LEFT JOIN debt ON debt.external_ref = given.debt_ref
    LEFT JOIN segment ON segment.name = given.segment
)
UPDATE lead
SET debt_id = coalesce(wanted.debt_id, lead.debt_id),
    segment_id = coalesce(wanted.segment_id, lead.segment_id),
    priority = wanted.priority,
    state = CASE
        WHEN wanted.settled AND lead.state IN ('callable', 'resting', 'callback') THEN 'finished'
        WHEN NOT wanted.settled AND lead.state = 'finished' AND lead.state_reason = 'debt_closed' THEN 'callable'
        ELSE lead.state
    END,
    state_reason = CASE
        WHEN wanted.settled AND lead.state IN ('callable', 'resting', 'callback') THEN 'debt_closed'
        WHEN NOT wanted.settled AND lead.state = 'finished' AND lead.state_reason = 'debt_closed' THEN NULL
        ELSE lead.state_reason
    END
FROM wanted
WHERE lead.campaign_id = $1
  AND lead.person_id = wanted.person_id
  AND (
          lead.debt_id, lead.segment_id, lead.priority
      ) IS DISTINCT FROM (
          coalesce(wanted.debt_id, lead.debt_id), coalesce(wanted.segment_id, lead.segment_id), wanted.priority
      )
   OR lead.campaign_id = $1
  AND lead.person_id = wanted.person_id
  AND (
          (wanted.settled AND lead.state IN ('callable', 'resting', 'callback'))
          OR (NOT wanted.settled AND lead.state = 'finished' AND lead.state_reason = 'debt_closed')
      )

-- name: known_persons
-- The persons of the file whose lead was in the campaign $1 before this list ($2).
SELECT DISTINCT lead.person_id
FROM incoming
JOIN person ON person.external_ref = incoming.external_ref
JOIN lead ON lead.person_id = person.id AND lead.campaign_id = $1 AND lead.list_id <> $2
ORDER BY 1

-- name: finish_settled
-- Leads about debts that missing from a file has closed, some of them ($1 creditor names, at most $2): finished.
UPDATE lead
SET state = 'finished', state_reason = 'debt_closed'
WHERE id IN (
    SELECT lead.id
    FROM lead
    JOIN debt ON debt.id = lead.debt_id AND debt.status <> 'open' AND debt.creditor = ANY ($1::text[])
    WHERE lead.state IN ('callable', 'resting', 'callback')
      AND NOT EXISTS (SELECT FROM debt AS open WHERE open.person_id = lead.person_id AND open.status = 'open')
    LIMIT $2
    FOR UPDATE OF lead SKIP LOCKED
)
