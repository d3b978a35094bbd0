-- A list of leads on its way in: each block of the file is staged as it is judged, in a table of the run's own, so that
-- an interrupted import goes on where it stopped; `spreading.sql` spreads them over the real tables in one transaction.
-- `incoming` is the session's view of the staged rows.

-- name: make_staging
-- @run is the run's number.
CREATE UNLOGGED TABLE IF NOT EXISTS staging.run_@run (
    row integer PRIMARY KEY,
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

-- name: find_remarkable
-- What is worth a look in the file: `bad` (wrong), and of the good rows those that repeat another, share a number with
-- another person, or belong to somebody who must not be called.
CREATE TEMPORARY TABLE remarkable ON COMMIT DROP AS
SELECT row, 'bad' AS kind, column_name, message FROM incoming_bad
UNION ALL
SELECT row, 'repeated', NULL, 'says again what row ' || first_row || ' says of the same person and debt'
FROM (
    SELECT row, min(row) OVER (PARTITION BY external_ref, debt_ref) AS first_row FROM incoming
) AS told
WHERE row > first_row
UNION ALL
SELECT incoming.row, 'shared_number', NULL, shared.number || ' stands with another person too'
FROM (
    SELECT number
    FROM incoming
    CROSS JOIN unnest(phones) AS phone (number)
    GROUP BY number
    HAVING min(external_ref) <> max(external_ref)
) AS shared
JOIN (SELECT row, unnest(phones) AS number FROM incoming) AS incoming USING (number)
UNION ALL
SELECT incoming.row, 'do_not_call', NULL, 'this person asked not to be called'
FROM incoming
JOIN person ON person.external_ref = incoming.external_ref
WHERE EXISTS (SELECT FROM do_not_call WHERE do_not_call.person_id = person.id)
UNION ALL
SELECT incoming.row, 'do_not_call', NULL, incoming.number || ' is on the do-not-call list'
FROM (SELECT row, unnest(phones) AS number FROM incoming) AS incoming
JOIN (SELECT DISTINCT number FROM do_not_call WHERE number IS NOT NULL) AS listed USING (number)

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
