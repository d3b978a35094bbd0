-- What dialling leads needs: every table is read once, by an index, for all of them.

-- name: leads
-- $1 lead ids
SELECT id, campaign_id, person_id, debt_id, segment_id, state, next_phone_id, attempts, last_n, callback_agent_id
FROM lead
WHERE id = ANY ($1::bigint[])
ORDER BY id

-- name: cards
-- Of persons $1, of those leads $2 that were tried, of segments $3. One row: of each table an array of records (null:
-- nothing), since an aggregate a column would take longer to set up than to run. Within records asyncpg knows no
-- smallint[].
SELECT (
           SELECT array_agg(ROW (id, time_zone, subdivision)) FROM person WHERE id = ANY ($1::bigint[])
       ) AS people,
       (
           SELECT array_agg(ROW (id, person_id, account, creditor, status = 'open'))
           FROM debt
           WHERE person_id = ANY ($1::bigint[])
       ) AS debts,
       (
           SELECT array_agg(ROW (id, caller_id, number_order)) FROM segment WHERE id = ANY ($3::bigint[])
       ) AS segments,
       (
           SELECT array_agg(ROW (id, person_id, city))
           FROM address
           WHERE person_id = ANY ($1::bigint[]) AND kind = 'home' AND city IS NOT NULL
       ) AS addresses,
       (
           SELECT array_agg(ROW (lead_id, planned_at))
           FROM attempt
           WHERE lead_id = ANY ($2::bigint[])
             AND coalesce(outcome, 'unknown') NOT IN ('congestion', 'failed', 'cancelled')
       ) AS tries,
       (
           SELECT array_agg(person_id) FROM do_not_call WHERE person_id = ANY ($1::bigint[])
       ) AS listed,
       (
           SELECT array_agg(ROW (
                      person_id, wish, channel, weekdays::bigint[], starts, ends, valid_from, valid_until, source = 'debtor'
                  ))
           FROM preference
           WHERE person_id = ANY ($1::bigint[]) AND wish <> 'prefer'
       ) AS wishes,
       (
           SELECT array_agg(ROW (given_at, id, person_id, purpose, phone_id, granted))
           FROM consent
           WHERE person_id = ANY ($1::bigint[])
             AND (purpose = 'at_work' OR (purpose = 'contact' AND channel = 'voice'))
       ) AS consents,
       (
           SELECT array_agg(ROW (
                      person_id, at, channel, counts, withdrawn, mark, phone_id, debts, account, creditor, attempt_id
                  ))
           FROM contact_ledger
           WHERE person_id = ANY ($1::bigint[])
       ) AS contacts,
       (
           -- A number that stands on the do-not-call list has that status whatever its own row says.
           SELECT array_agg(ROW (
                      person_id, id, number,
                      CASE
                          WHEN (SELECT id FROM do_not_call WHERE do_not_call.number = phone.number LIMIT 1) IS NULL
                              THEN status
                          ELSE 'do_not_call'
                      END,
                      position, last_outcome, same_outcome_run, tried_at, confidence, place, right_party, tries
                  ))
           FROM phone
           WHERE person_id = ANY ($1::bigint[])
       ) AS phones

-- name: debts_of_others
-- Debts $1, and what persons $2 are to them.
SELECT debt.id, debt.person_id, debt.account, debt.creditor, debt.status = 'open' AS is_open, party.person_id AS party,
       party.role
FROM debt
LEFT JOIN debt_party AS party ON party.debt_id = debt.id AND party.person_id = ANY ($2::bigint[])
WHERE debt.id = ANY ($1::bigint[])

-- name: close_claimed
-- Claims $1 of shard $4 with fence $5 that turn out not to be callable: closed as $2, because of $3.
UPDATE lead
SET state = given.state,
    state_reason = given.reason,
    claimed_from = NULL, claimed_by = NULL, claim_fence = NULL, lease_until = NULL
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS given (id, state, reason)
WHERE lead.id = given.id AND lead.state = 'claimed' AND lead.claimed_by = $4 AND lead.claim_fence = $5
