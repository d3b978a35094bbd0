-- name: search
-- Persons by what somebody has at hand: $1 as typed, $2 its digits (null: no number), at most $3: exact references first,
-- then numbers, then who has all the words in his name, then whose words begin with them.
WITH asked AS MATERIALIZED (
    SELECT string_agg(quoted, ' & ')::tsquery AS words, string_agg(quoted || ':*', ' & ')::tsquery AS beginnings
    FROM (
        SELECT '''' || replace(replace(word, '\', '\\'), '''', '''''') || '''' AS quoted
        FROM unnest(tsvector_to_array(words_of_name($1))) AS word
        WHERE $2::text IS NULL
    ) AS of_name
), found AS (
    (SELECT id AS person_id, 0 AS rank FROM person WHERE external_ref = $1)
    UNION ALL
    (SELECT person_id, 0 FROM debt WHERE external_ref = $1)
    UNION ALL
    (
        -- As a range, a colon being the letter after 9: it uses the index in any plan.
        SELECT person_id, 1
        FROM phone
        WHERE reverse(number) ~>=~ reverse($2) AND reverse(number) ~<~ (reverse($2) || ':')
        LIMIT $3
    )
    UNION ALL
    (SELECT person.id, 2 FROM person, asked WHERE words_of_name(full_name) @@ asked.words LIMIT $3)
    UNION ALL
    (SELECT person.id, 3 FROM person, asked WHERE words_of_name(full_name) @@ asked.beginnings LIMIT $3)
), ranked AS (
    SELECT person_id, min(rank) AS rank FROM found GROUP BY person_id
)
SELECT person.id, person.external_ref, person.full_name,
       (SELECT string_agg(number, ' ' ORDER BY position) FROM phone WHERE phone.person_id = person.id) AS numbers,
       (SELECT string_agg(DISTINCT creditor, ', ') FROM debt WHERE debt.person_id = person.id AND status = 'open')
           AS creditors
FROM ranked
JOIN person ON person.id = ranked.person_id
ORDER BY ranked.rank, person.full_name, person.id
LIMIT $3

-- name: debts
-- What person $1 owes or answers for, open first; `role` null: his own.
SELECT debt.id, debt.external_ref, debt.creditor, debt.product, debt.balance_minor, debt.currency, debt.due_on,
       debt.stage, debt.status, held.role, CASE WHEN held.role IS NOT NULL THEN person.full_name END AS debtor
FROM (
    SELECT id AS debt_id, NULL AS role FROM debt WHERE person_id = $1
    UNION ALL
    SELECT debt_id, role FROM debt_party WHERE person_id = $1
) AS held
JOIN debt ON debt.id = held.debt_id
JOIN person ON person.id = debt.person_id
ORDER BY debt.status <> 'open', debt.due_on, debt.id

-- name: leads
-- The leads that person $1 is, one a campaign.
SELECT lead.id, campaign.name AS campaign, lead.state, lead.state_reason, lead.attempts, lead.next_at,
       segment.name AS segment, debt.external_ref AS debt
FROM lead
JOIN campaign ON campaign.id = lead.campaign_id
LEFT JOIN segment ON segment.id = lead.segment_id
LEFT JOIN debt ON debt.id = lead.debt_id
WHERE lead.person_id = $1
ORDER BY campaign.name, lead.id

-- name: addresses
SELECT kind, line, city, subdivision, country FROM address WHERE person_id = $1 ORDER BY kind, id

-- name: add_note
INSERT INTO note (person_id, author_id, body) SELECT id, $2, $3 FROM person WHERE id = $1 RETURNING id

-- name: lift_do_not_call
-- Person $1 wants to be called again: his own word and his numbers', not a list's or a regulator's. His leads may be called
-- from $2 on. How many of his words were lifted, and the leads.
WITH lifted AS (
    DELETE FROM do_not_call WHERE person_id = $1 AND source IN ('debtor', 'agent') RETURNING id
), numbers AS (
    UPDATE phone
    SET status = 'active'
    WHERE person_id = $1 AND status = 'do_not_call' AND EXISTS (SELECT FROM lifted)
      AND NOT EXISTS (SELECT FROM do_not_call WHERE do_not_call.number = phone.number)
), leads AS (
    UPDATE lead
    SET state = 'callable', state_reason = NULL, next_at = $2
    WHERE person_id = $1 AND state = 'suppressed' AND state_reason = 'do_not_call' AND EXISTS (SELECT FROM lifted)
      AND NOT EXISTS (SELECT FROM do_not_call WHERE person_id = $1 AND source NOT IN ('debtor', 'agent'))
    RETURNING id
)
SELECT (SELECT count(*) FROM lifted) AS lifted, (SELECT count(*) FROM leads) AS leads

-- name: consent_again
INSERT INTO consent (person_id, channel, purpose, granted, given_at, source, evidence, recorded_by)
VALUES ($1, 'voice', 'contact', true, $2, 'debtor', $3, $4)
