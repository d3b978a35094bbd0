-- Money that came in, and what it does: balances, promises kept, leads let go of. Everything here is announced on the
-- channel cadencia_lead, so that a call on its way to somebody who has paid is cancelled.

-- name: find_debtor
-- The person and the debt of debt reference $1, or of person reference $2 when that is all that is known.
SELECT person.id AS person_id, debt.id AS debt_id, debt.currency
FROM person
LEFT JOIN debt ON debt.person_id = person.id AND debt.external_ref = $1
WHERE CASE WHEN $1::text IS NULL THEN person.external_ref = $2 ELSE debt.id IS NOT NULL END
  AND ($2::text IS NULL OR person.external_ref = $2)

-- name: enter_payments
-- Payments, each once by its reference $3; returns those that are new, with what they left of the debt.
WITH given AS MATERIALIZED (
    SELECT *
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[])
        AS given (person_id, debt_id, external_ref, amount_minor, currency, paid_at)
), entered AS (
    INSERT INTO payment (person_id, debt_id, external_ref, amount_minor, currency, paid_at, source)
    SELECT person_id, debt_id, external_ref, amount_minor, currency, paid_at, $7
    FROM given
    ON CONFLICT (external_ref) DO NOTHING
    RETURNING id, external_ref, person_id, debt_id, amount_minor, currency
), reduced AS (
    UPDATE debt
    SET balance_minor = greatest(debt.balance_minor - paid.amount_minor, 0),
        overpaid_minor = debt.overpaid_minor + greatest(paid.amount_minor - debt.balance_minor, 0),
        status = CASE WHEN debt.balance_minor <= paid.amount_minor AND debt.status = 'open' THEN 'paid' ELSE debt.status END,
        closed_at = CASE WHEN debt.balance_minor <= paid.amount_minor THEN coalesce(debt.closed_at, now()) ELSE debt.closed_at END,
        updated_at = now()
    FROM (SELECT debt_id, currency, sum(amount_minor)::bigint AS amount_minor FROM entered GROUP BY debt_id, currency) AS paid
    WHERE debt.id = paid.debt_id AND debt.currency = paid.currency
    RETURNING debt.id, debt.balance_minor
)
SELECT entered.id, entered.external_ref, reduced.balance_minor
FROM entered
LEFT JOIN reduced ON reduced.id = entered.debt_id

-- name: keep_promises
-- Of the persons $1: the open promises that the money received since then covers, at $2. The parts of a plan are covered
-- one after the other: each needs what it and those due before it come to.
UPDATE promise
SET state = 'kept', settled_at = $2
WHERE promise.person_id = ANY ($1::bigint[])
  AND promise.state = 'open'
  AND (
      SELECT coalesce(sum(payment.amount_minor), 0)
      FROM payment
      WHERE payment.person_id = promise.person_id
        AND payment.reversed_at IS NULL
        AND (payment.debt_id IS NULL OR promise.debt_id IS NULL OR payment.debt_id = promise.debt_id)
        AND payment.currency = promise.currency
        AND payment.paid_at >= date_trunc('day', promise.created_at - interval '1 day')
  ) >= (
      SELECT sum(part.amount_minor)
      FROM promise AS part
      WHERE part.person_id = promise.person_id
        AND part.debt_id IS NOT DISTINCT FROM promise.debt_id
        AND part.created_at = promise.created_at
        AND part.state <> 'withdrawn'
        AND part.due_on <= promise.due_on
  )
RETURNING id, lead_id

-- name: break_promises
-- Up to $2 open promises whose day and grace are over on the debtor's calendar at $1; the later parts of a plan go with
-- them. Rows that another process settles are left to it.
WITH late AS MATERIALIZED (
    SELECT promise.id, promise.person_id, promise.debt_id, promise.created_at
    FROM promise
    JOIN person ON person.id = promise.person_id
    WHERE promise.state = 'open'
      AND promise.due_on < ($1::timestamptz)::date
      AND promise.due_on + promise.grace_days
          < ($1::timestamptz AT TIME ZONE coalesce(person.time_zone, 'UTC'))::date
    ORDER BY promise.due_on, promise.id
    LIMIT $2
    FOR UPDATE OF promise SKIP LOCKED
)
UPDATE promise
SET state = CASE WHEN promise.id IN (SELECT id FROM late) THEN 'broken' ELSE 'withdrawn' END, settled_at = $1
FROM late
WHERE promise.state = 'open'
  AND promise.person_id = late.person_id
  AND promise.debt_id IS NOT DISTINCT FROM late.debt_id
  AND promise.created_at = late.created_at
RETURNING promise.person_id

-- name: release_leads
-- After money or time: the leads of persons $1 about their debts $5 (null: all) as these and the promises now stand, at $2. Paid in full: closed. Promise
-- broken: a callback at once, by the agent who had it. Promise kept, or a part paid: a rest until $3. What a debtor asked
-- (no calls, a dispute) stays.
WITH stand AS MATERIALIZED (
    SELECT lead.id, lead.state, lead.state_reason, debt.status AS debt_status, last.state AS promise, last.agent_id,
           last.phone_id, open.id IS NOT NULL AS still_open
    FROM lead
    LEFT JOIN debt ON debt.id = lead.debt_id
    LEFT JOIN LATERAL (
        SELECT promise.id
        FROM promise
        WHERE promise.person_id = lead.person_id AND promise.state = 'open'
          AND (promise.debt_id IS NULL OR lead.debt_id IS NULL OR promise.debt_id = lead.debt_id)
        LIMIT 1
    ) AS open ON true
    LEFT JOIN LATERAL (
        SELECT promise.state, agent.id AS agent_id, attempt.phone_id
        FROM promise
        LEFT JOIN app_user AS agent ON agent.id = promise.agent_id AND agent.active
        LEFT JOIN attempt ON attempt.id = promise.attempt_id
        WHERE promise.person_id = lead.person_id AND promise.state <> 'open'
          AND (promise.debt_id IS NULL OR lead.debt_id IS NULL OR promise.debt_id = lead.debt_id)
        ORDER BY promise.settled_at DESC, promise.state = 'broken' DESC, promise.id DESC
        LIMIT 1
    ) AS last ON true
    WHERE EXISTS (
          SELECT
          FROM unnest($1::bigint[], $5::bigint[]) AS touched (person_id, debt_id)
          WHERE touched.person_id = lead.person_id
            AND (touched.debt_id IS NULL OR lead.debt_id IS NULL OR touched.debt_id = lead.debt_id)
      )
      AND lead.person_id = ANY ($1::bigint[])
      AND lead.state <> 'finished'
      AND (lead.state <> 'suppressed' OR lead.state_reason = 'promise')
    ORDER BY lead.id
    FOR UPDATE OF lead
), step AS MATERIALIZED (
    SELECT id,
           CASE
               WHEN debt_status IN ('paid', 'withdrawn') THEN 'finished'
               WHEN still_open THEN 'suppressed'
               WHEN state = 'suppressed' AND promise = 'broken' THEN 'callback'
               ELSE 'resting'
           END AS state,
           CASE
               WHEN debt_status IN ('paid', 'withdrawn') THEN 'debt_' || debt_status
               WHEN still_open THEN 'promise'
               WHEN state = 'suppressed' THEN 'promise_' || coalesce(promise, 'withdrawn')
               ELSE 'payment'
           END AS reason,
           agent_id,
           phone_id,
           state AS before
    FROM stand
    -- Money moves whatever it touches; without money only what waits for a promise is looked at.
    WHERE $4::bool OR (state = 'suppressed' AND NOT still_open)
), moved AS (
    UPDATE lead
    SET state = step.state,
        state_reason = step.reason,
        next_at = CASE WHEN step.state = 'resting' AND step.reason <> 'promise_withdrawn' THEN $3::timestamptz ELSE $2::timestamptz END,
        next_phone_id = CASE WHEN step.state = 'callback' THEN step.phone_id ELSE lead.next_phone_id END,
        callback_agent_id = CASE WHEN step.state = 'callback' THEN step.agent_id END,
        claimed_from = NULL, claimed_by = NULL, claim_fence = NULL, lease_until = NULL
    FROM step
    WHERE lead.id = step.id AND (lead.state, lead.state_reason) IS DISTINCT FROM (step.state, step.reason)
    RETURNING lead.id, step.before
)
SELECT id, pg_notify('cadencia_lead', id::text) FROM moved

-- name: resolve_dispute
-- Dispute $1, open, answered at $2 by user $3: state $4, in words $5.
UPDATE dispute
SET state = $4, resolution = $5, resolved_at = $2, resolved_by = $3
WHERE id = $1 AND state = 'open'
RETURNING person_id, debt_id

-- name: release_disputed
-- The leads of person $1 about debt $2 that waited for a dispute which is answered (upheld: $3) at $4: closed, or callable.
UPDATE lead
SET state = CASE WHEN $3::bool THEN 'finished' ELSE 'callable' END,
    state_reason = CASE WHEN $3 THEN 'dispute_upheld' ELSE 'dispute_rejected' END,
    next_at = $4
WHERE person_id = $1
  AND state = 'suppressed' AND state_reason = 'dispute'
  AND NOT EXISTS (
      SELECT FROM dispute
      WHERE dispute.person_id = lead.person_id AND dispute.state = 'open'
        AND (dispute.debt_id IS NULL OR lead.debt_id IS NULL OR dispute.debt_id = lead.debt_id)
  )
  AND ($2::bigint IS NULL OR debt_id IS NULL OR debt_id = $2)
RETURNING id

-- name: withdraw_promises
-- Promise $1, open, and the rest of its plan, taken back at $2.
UPDATE promise
SET state = 'withdrawn', settled_at = $2
FROM (SELECT person_id, debt_id, created_at FROM promise WHERE id = $1 AND state = 'open') AS said
WHERE promise.state = 'open' AND promise.person_id = said.person_id
  AND promise.debt_id IS NOT DISTINCT FROM said.debt_id AND promise.created_at = said.created_at
RETURNING promise.person_id

-- name: hold_newcomers
-- Leads that came (by a file, from another campaign) after their debtor had promised or disputed the debt: silent as well.
WITH waiting AS MATERIALIZED (
    SELECT DISTINCT ON (lead.id) lead.id, held.reason
    FROM (
        SELECT person_id, debt_id, 'promise' AS reason FROM promise WHERE state = 'open'
        UNION ALL
        SELECT person_id, debt_id, 'dispute' FROM dispute WHERE state = 'open'
    ) AS held
    JOIN lead ON lead.person_id = held.person_id
    WHERE lead.state IN ('callable', 'resting')
      AND (held.debt_id IS NULL OR lead.debt_id IS NULL OR held.debt_id = lead.debt_id)
    ORDER BY lead.id, held.reason
), moved AS (
    UPDATE lead
    SET state = 'suppressed', state_reason = waiting.reason
    FROM waiting
    WHERE lead.id = waiting.id AND lead.state IN ('callable', 'resting')
    RETURNING lead.id
)
SELECT id, pg_notify('cadencia_lead', id::text) FROM moved

-- name: reverse_payment
-- Payment $1 did not last (a chargeback, a returned transfer): taken back at $2 because of $3, and owed again. What had
-- been paid beyond the debt is taken from that first.
WITH reversed AS (
    UPDATE payment
    SET reversed_at = $2, reversed_because = $3
    WHERE external_ref = $1 AND reversed_at IS NULL
    RETURNING person_id, debt_id, amount_minor, currency
), owed AS (
    UPDATE debt
    SET balance_minor = debt.balance_minor + greatest(reversed.amount_minor - debt.overpaid_minor, 0),
        overpaid_minor = greatest(debt.overpaid_minor - reversed.amount_minor, 0),
        status = CASE WHEN debt.status = 'paid' AND reversed.amount_minor > debt.overpaid_minor THEN 'open' ELSE debt.status END,
        closed_at = CASE WHEN debt.status = 'paid' AND reversed.amount_minor > debt.overpaid_minor THEN NULL ELSE debt.closed_at END,
        updated_at = $2
    FROM reversed
    WHERE debt.id = reversed.debt_id AND debt.currency = reversed.currency
    RETURNING debt.id, debt.balance_minor
)
SELECT reversed.person_id, reversed.debt_id, owed.balance_minor
FROM reversed
LEFT JOIN owed ON owed.id = reversed.debt_id

-- name: reopen_promises
-- Of person $1: promises that were kept and that the money left does not cover any more, open again as if it had never
-- come. What is overdue of them is broken at the next look at the clock.
UPDATE promise
SET state = 'open', settled_at = NULL
WHERE promise.person_id = $1
  AND promise.state = 'kept'
  AND ($2::bigint IS NULL OR promise.debt_id IS NULL OR promise.debt_id = $2)
  AND (
      SELECT coalesce(sum(payment.amount_minor), 0)
      FROM payment
      WHERE payment.person_id = promise.person_id
        AND payment.reversed_at IS NULL
        AND (payment.debt_id IS NULL OR promise.debt_id IS NULL OR payment.debt_id = promise.debt_id)
        AND payment.currency = promise.currency
        AND payment.paid_at >= date_trunc('day', promise.created_at - interval '1 day')
  ) < (
      SELECT sum(part.amount_minor)
      FROM promise AS part
      WHERE part.person_id = promise.person_id
        AND part.debt_id IS NOT DISTINCT FROM promise.debt_id
        AND part.created_at = promise.created_at
        AND part.state <> 'withdrawn'
        AND part.due_on <= promise.due_on
  )
RETURNING id

-- name: reopen_leads
-- The leads of person $1 about debt $2 (null: all) that a payment had closed or laid to rest, at $3: silent while a promise
-- is open, else callable at once.
WITH moved AS (
    UPDATE lead
    SET state = CASE WHEN waits.promise THEN 'suppressed' ELSE 'callable' END,
        state_reason = CASE WHEN waits.promise THEN 'promise' ELSE 'payment_reversed' END,
        next_at = $3, claimed_from = NULL, claimed_by = NULL, claim_fence = NULL, lease_until = NULL
    FROM (
        SELECT lead.id,
               EXISTS (
                   SELECT FROM promise
                   WHERE promise.person_id = lead.person_id AND promise.state = 'open'
                     AND (promise.debt_id IS NULL OR lead.debt_id IS NULL OR promise.debt_id = lead.debt_id)
               ) AS promise
        FROM lead
        WHERE lead.person_id = $1
          AND ($2::bigint IS NULL OR lead.debt_id IS NULL OR lead.debt_id = $2)
          AND (lead.state, lead.state_reason) IN (
              ('finished', 'debt_paid'), ('resting', 'payment'), ('resting', 'promise_kept')
          )
        ORDER BY lead.id
        FOR UPDATE
    ) AS waits
    WHERE lead.id = waits.id
    RETURNING lead.id
)
SELECT id, pg_notify('cadencia_lead', id::text) FROM moved
