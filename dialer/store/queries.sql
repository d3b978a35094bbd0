-- The statements of the hot path and of a shard's life. `{name}` stands for the text of another block.
-- Times and ids come as parameters; what one statement takes as arrays is one batch.

-- ===== leads ==========================================================================================

-- name: wake_leads
-- Up to $3 leads of campaign $1 whose rest has ended by $2 may be called: they enter the claim's order.
UPDATE lead
SET state = 'callable'
WHERE id = ANY (ARRAY(
    SELECT id
    FROM lead
    WHERE campaign_id = $1 AND state = 'resting' AND next_at <= $2
    ORDER BY next_at, id
    LIMIT $3
    FOR UPDATE SKIP LOCKED
))

-- name: running_campaigns
SELECT id FROM campaign WHERE agent_group_id = $1 AND state = 'running' ORDER BY id

-- name: next_of_lane
-- What is due of one run of the claim's index, best first.
SELECT id, priority, value, ctid AS place
FROM lead
WHERE campaign_id = $1
  AND lead.list_id = lane.list_id
  AND lead.zone = lane.zone
  AND lead.part = lane.part
  AND state = 'callable'
  AND next_at <= $3
ORDER BY priority DESC, value DESC, id

-- name: read_runs
-- The claim's index holds what is due of a list in runs, one for each zone and best part of the day: a closed zone is left
-- out and the hour weighs whole runs. Which runs campaign $1 has is read off the index, one step a run.
SELECT lead_list.id AS list_id, run.zone, run.part
FROM lead_list
CROSS JOIN LATERAL (
    WITH RECURSIVE step (zone, part) AS (
        (
            SELECT zone, part
            FROM lead
            WHERE campaign_id = $1 AND lead.list_id = lead_list.id AND state = 'callable'
            ORDER BY zone, part
            LIMIT 1
        )
        UNION ALL
        SELECT next.zone, next.part
        FROM step
        CROSS JOIN LATERAL (
            SELECT zone, part
            FROM lead
            WHERE campaign_id = $1
              AND lead.list_id = lead_list.id
              AND state = 'callable'
              AND (lead.zone, lead.part) > (step.zone, step.part)
            ORDER BY zone, part
            LIMIT 1
        ) AS next
    )
    SELECT zone, part FROM step
) AS run
WHERE lead_list.campaign_id = $1

-- name: claim_leads
-- Up to $2 leads of campaign $1 that are due at $3, for shard $4 with fence $5, until $6; nobody of the zones $7, which
-- are closed now. $8 to $10 are the runs of its index (lists, zones, parts of the day), as last read. Callbacks first: they
-- were promised. Then by priority and by what a call is expected to bring at this hour. Lists with a share take turns by it. Rows another claimer holds are skipped, not waited for. The commit is not
-- waited for: a claim that a crash of the server forgets is claimed again, and nothing is dialled without a commit of its
-- own.
WITH hasty AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true) AS commit
), rate AS MATERIALIZED (
    SELECT factors,
           CASE
               WHEN extract(hour FROM $3 AT TIME ZONE zone) < 12 THEN 1
               WHEN extract(hour FROM $3 AT TIME ZONE zone) < 17 THEN 2
               ELSE 3
           END AS now
    FROM campaign_order
    WHERE campaign_id = $1
), lane AS MATERIALIZED (
    SELECT lead_list.id AS list_id,
           lead_list.share,
           run.zone,
           run.part,
           coalesce((SELECT factors[3 * run.part + now] FROM rate), 1) AS factor
    FROM lead_list
    JOIN unnest($8::bigint[], $9::text[], $10::int2[]) AS run (list_id, zone, part) ON run.list_id = lead_list.id
    WHERE lead_list.campaign_id = $1
      AND lead_list.active
      AND run.zone <> ALL ($7::text[])
      AND EXISTS (SELECT FROM shard WHERE agent_group_id = $4 AND fence = $5)
      AND (SELECT commit FROM hasty) IS NOT NULL
), callback AS MATERIALIZED (
    SELECT ctid AS place
    FROM lead
    WHERE campaign_id = $1
      AND state = 'callback'
      AND next_at <= $3
      AND list_id = ANY (ARRAY(SELECT id FROM lead_list WHERE campaign_id = $1 AND active))
      AND EXISTS (SELECT FROM shard WHERE agent_group_id = $4 AND fence = $5)
    ORDER BY next_at, id
    LIMIT $2
    FOR UPDATE SKIP LOCKED
), taste AS MATERIALIZED (
    -- Three of each run. A run of which one of them is not among the best $2 has nothing more to give.
    SELECT *,
           row_number() OVER (ORDER BY turn NULLS FIRST, priority DESC, worth DESC, id) AS place
    FROM (
        SELECT lane.*,
               due.id,
               due.priority,
               due.value * lane.factor AS worth,
               (
                   row_number() OVER (
                       PARTITION BY list_id ORDER BY due.priority DESC, due.value * lane.factor DESC, due.id
                   ) - 0.5
               ) / lane.share AS turn
        FROM lane
        CROSS JOIN LATERAL ({next_of_lane} LIMIT 3) AS due
    ) AS found
), best AS MATERIALIZED (
    SELECT list_id, zone, part
    FROM (
        SELECT list_id,
               zone,
               part,
               priority,
               worth,
               id,
               (row_number() OVER (PARTITION BY list_id ORDER BY priority DESC, worth DESC, id) - 0.5) / share AS turn
        FROM (
            SELECT list_id, share, zone, part, id, priority, worth
            FROM taste
            WHERE place <= $2
            UNION ALL
            SELECT lane.list_id, lane.share, lane.zone, lane.part, due.id, due.priority, due.value * lane.factor
            FROM (
                SELECT list_id, share, zone, part, factor
                FROM taste
                WHERE place <= $2
                GROUP BY list_id, share, zone, part, factor
                HAVING count(*) = 3
            ) AS lane
            CROSS JOIN LATERAL ({next_of_lane} LIMIT $2 OFFSET 3) AS due
        ) AS found
    ) AS ranked
    ORDER BY turn NULLS FIRST, priority DESC, worth DESC, id
    LIMIT $2 - (SELECT count(*) FROM callback)
), candidate AS MATERIALIZED (
    -- So many from each run, the best that nobody else holds.
    SELECT due.place
    FROM (SELECT list_id, zone, part, count(*) AS leads FROM best GROUP BY list_id, zone, part) AS lane
    CROSS JOIN LATERAL ({next_of_lane} LIMIT lane.leads FOR UPDATE SKIP LOCKED) AS due
), taken AS (
    UPDATE lead
    SET state = 'claimed',
        state_reason = NULL,
        claimed_from = state,
        claimed_by = $4,
        claim_fence = $5,
        lease_until = $6
    -- Where they lie is known and stays, for they are locked. One that was written since this statement began is not
    -- found there: another takes its place.
    WHERE ctid = ANY (ARRAY(SELECT place FROM callback UNION ALL SELECT place FROM candidate))
    RETURNING *
)
SELECT id, campaign_id, person_id, debt_id, segment_id, claimed_from AS state, next_phone_id, attempts, last_n,
       callback_agent_id
FROM taken
ORDER BY claimed_from = 'callback' DESC, priority DESC, value DESC, id

-- name: return_expired_leads
-- Claims of campaign $1 whose lease ended before $2 (their process died or forgot them) go back to where they were.
UPDATE lead
SET state = coalesce(claimed_from, 'callable'),
    claimed_from = NULL,
    claimed_by = NULL,
    claim_fence = NULL,
    lease_until = NULL
WHERE id IN (
    SELECT id
    FROM lead
    WHERE campaign_id = $1 AND state = 'claimed' AND lease_until < $2
    FOR UPDATE SKIP LOCKED
)

-- name: return_claims
-- Every undialled claim of shard $1 made with a fence up to $2 goes back to where it was.
UPDATE lead
SET state = coalesce(claimed_from, 'callable'),
    claimed_from = NULL,
    claimed_by = NULL,
    claim_fence = NULL,
    lease_until = NULL
WHERE state = 'claimed' AND claimed_by = $1 AND claim_fence <= $2

-- name: find_number
-- The leads of campaigns $1 whose person has a number that ends in the digits whose reverse is $2; exact matches ($3)
-- first. The range, a colon being the letter after 9, uses the index in any plan.
SELECT lead.id, lead.state, phone.id AS phone_id, phone.number
FROM phone
JOIN lead ON lead.person_id = phone.person_id AND lead.campaign_id = ANY ($1::bigint[])
WHERE reverse(phone.number) ~>=~ $2 AND reverse(phone.number) ~<~ ($2 || ':')
ORDER BY phone.number = $3 DESC, lead.id
LIMIT 50

-- name: claim_lead
-- Lead $1 for shard $2 with fence $3 until $4, whatever its time, unless another has it or it must not be called.
UPDATE lead
SET claimed_from = state, state = 'claimed', claimed_by = $2, claim_fence = $3, lease_until = $4
WHERE id = (
    SELECT id
    FROM lead
    WHERE id = $1 AND state IN ('callable', 'resting', 'callback', 'finished')
    FOR UPDATE SKIP LOCKED
)
  AND EXISTS (SELECT FROM shard WHERE agent_group_id = $2 AND fence = $3)
RETURNING id, campaign_id, person_id, debt_id, segment_id, claimed_from AS state, next_phone_id, attempts, last_n,
          callback_agent_id

-- ===== the log: one batch of facts is one transaction of these, in this order =========================

-- name: plan_attempts
-- The attempts of a batch, for shard $1 with fence $2. One is refused, leaving no row, when its lead's claim is no longer
-- ours, when its person has a call open (the unique index attempt_open_person_idx says so), or when the ledger holds other
-- contacts of the person than its verdict knew. A lead of ours that was refused for its person rests for $20 and is free
-- again. Each attempt is counted in the ledger. Returns the ids that may be dialled.
WITH planned AS MATERIALIZED (
    SELECT *
    FROM unnest(
        $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::int[], $9::text[], $10::text[],
        $11::text[], $12::text[], $13::text[], $14::timestamptz[], $15::int[], $16::float8[], $17::text[], $18::bigint[],
        $19::bigint[]
    ) AS given (
        id, campaign_id, lead_id, person_id, phone_id, n, mode, number,
        trunk, caller_id, verdict, planned_at, ring_timeout_s, connect_limit_s, language, agent_id, ledger_rows
    )
), ours AS MATERIALIZED (
    -- Locked, so that a do-not-call request at this moment comes either before the attempt or after its dial.
    SELECT lead.id
    FROM lead
    WHERE lead.id IN (SELECT lead_id FROM planned)
      AND lead.state = 'claimed' AND lead.claimed_by = $1 AND lead.claim_fence = $2
    ORDER BY lead.id
    FOR UPDATE
), inserted AS (
    INSERT INTO attempt (
        id, shard_id, fence, campaign_id, lead_id, person_id, phone_id, n, mode, number,
        trunk, caller_id, verdict, planned_at, ring_timeout_s, connect_limit_s, language, agent_id, state
    )
    SELECT planned.id, $1, $2, campaign_id, lead_id, person_id, phone_id, n, mode, number,
           trunk, caller_id, verdict::jsonb, planned_at, ring_timeout_s, connect_limit_s, language, agent_id, 'planned'
    FROM planned
    JOIN ours ON ours.id = planned.lead_id
    WHERE planned.ledger_rows IS NULL
       OR planned.ledger_rows = (SELECT count(*) FROM contact_ledger WHERE contact_ledger.person_id = planned.person_id)
    ORDER BY person_id, planned.id
    ON CONFLICT DO NOTHING
    RETURNING id, lead_id, n
), counted AS (
    INSERT INTO contact_ledger (
        chain, at, person_id, channel, counts, phone_id, debts, account, creditor, attempt_id, source
    )
    SELECT $1, planned.planned_at, planned.person_id, 'voice', ARRAY['attempt'], planned.phone_id,
           CASE WHEN debt.id IS NULL THEN '{}' ELSE ARRAY[debt.id] END, debt.account, debt.creditor, planned.id, 'dialled'
    FROM planned
    JOIN inserted ON inserted.id = planned.id
    JOIN lead ON lead.id = planned.lead_id
    LEFT JOIN debt ON debt.id = lead.debt_id
    ORDER BY planned.id
), dialled AS (
    UPDATE lead
    SET state = 'in_attempt', last_n = inserted.n, lease_until = NULL
    FROM inserted
    WHERE lead.id = inserted.lead_id
), refused AS (
    UPDATE lead
    SET state = CASE WHEN lead.claimed_from = 'callback' THEN 'callback' ELSE 'resting' END,
        state_reason = 'person_busy',
        next_at = planned.planned_at + $20::interval,
        claimed_from = NULL, claimed_by = NULL, claim_fence = NULL, lease_until = NULL
    FROM planned
    JOIN ours ON ours.id = planned.lead_id
    WHERE lead.id = planned.lead_id
      AND NOT EXISTS (SELECT FROM inserted WHERE inserted.lead_id = planned.lead_id)
)
SELECT id FROM inserted

-- name: lock_persons
-- Before attempts of persons $1 are planned: who plans for the same person at the same time waits, and then sees what the
-- first one counted.
SELECT id FROM person WHERE id = ANY ($1::bigint[]) ORDER BY id FOR NO KEY UPDATE

-- name: count_contacts
-- What came of attempts, for the ledger: $3 (joined by commas) counts, or is withdrawn ($4), under the condition $6:
-- always; never_rang; wrong_number and not_right_party by the disposition $7. The same of one attempt counts once.
INSERT INTO contact_ledger (
    chain, at, person_id, channel, counts, withdrawn, mark, phone_id, debts, account, creditor, attempt_id, source
)
SELECT attempt.shard_id, given.at, attempt.person_id, 'voice', given.counts, given.withdrawn, given.mark,
       attempt.phone_id, CASE WHEN debt.id IS NULL THEN '{}' ELSE ARRAY[debt.id] END, debt.account, debt.creditor,
       attempt.id, 'dialled'
FROM (
    SELECT id, at, string_to_array(counts, ',') AS counts, withdrawn, mark, condition, code, ordinality
    FROM unnest(
        $1::text[], $2::timestamptz[], $3::text[], $4::bool[], $5::text[], $6::text[], $7::text[]
    ) WITH ORDINALITY AS rows (id, at, counts, withdrawn, mark, condition, code, ordinality)
) AS given
JOIN attempt ON attempt.id = given.id
JOIN lead ON lead.id = attempt.lead_id
LEFT JOIN debt ON debt.id = lead.debt_id
LEFT JOIN disposition ON disposition.campaign_id = attempt.campaign_id AND disposition.code = given.code
WHERE CASE given.condition
          WHEN 'always' THEN true
          WHEN 'never_rang' THEN attempt.ringing_at IS NULL AND attempt.answered_at IS NULL
          WHEN 'wrong_number' THEN disposition.effect = 'wrong_number'
          WHEN 'not_right_party' THEN disposition.effect <> 'wrong_number' AND NOT disposition.right_party
      END
  AND NOT EXISTS (
      SELECT
      FROM contact_ledger AS known
      WHERE known.attempt_id = given.id
        AND known.counts = given.counts
        AND known.withdrawn = given.withdrawn
        AND known.mark IS NOT DISTINCT FROM given.mark
  )
ORDER BY given.ordinality

-- name: update_attempts
-- What the batch taught of attempts. Null means nothing new; what is set once stays. Of an ended call nothing changes any
-- more but the agent's word: what comes late from the switch is noise.
UPDATE attempt
SET state = CASE WHEN attempt.state = 'ended' THEN 'ended' ELSE coalesce(news.state, attempt.state) END,
    agent_id = CASE WHEN attempt.state = 'ended' THEN attempt.agent_id ELSE coalesce(news.agent_id, attempt.agent_id) END,
    ringing_at = coalesce(attempt.ringing_at, CASE WHEN attempt.state <> 'ended' THEN news.ringing_at END),
    answered_at = coalesce(attempt.answered_at, CASE WHEN attempt.state <> 'ended' THEN news.answered_at END),
    connected_at = coalesce(attempt.connected_at, CASE WHEN attempt.state <> 'ended' THEN news.connected_at END),
    connect_ms = coalesce(attempt.connect_ms, CASE WHEN attempt.state <> 'ended' THEN news.connect_ms END),
    notice_at = coalesce(attempt.notice_at, news.notice_at),
    ended_at = coalesce(attempt.ended_at, news.ended_at),
    outcome = coalesce(attempt.outcome, news.outcome),
    q850 = coalesce(attempt.q850, news.q850),
    sip_status = coalesce(attempt.sip_status, news.sip_status),
    disposition = coalesce(news.disposition, attempt.disposition),
    note = coalesce(news.note, attempt.note),
    disposed_at = coalesce(news.disposed_at, attempt.disposed_at)
FROM unnest(
    $1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::float8[],
    $8::timestamptz[], $9::timestamptz[], $10::text[], $11::int2[], $12::int2[], $13::text[], $14::text[],
    $15::timestamptz[]
) AS news (
    id, state, agent_id, ringing_at, answered_at, connected_at, connect_ms,
    notice_at, ended_at, outcome, q850, sip_status, disposition, note, disposed_at
)
WHERE attempt.id = news.id

-- name: move_leads
-- A lead's next step (null state: none, only its burnt attempts count). One that somebody else's word has moved meanwhile
-- (a do-not-call, a promise, a payment) stays where that put it; only an agreed callback goes before a mere rest.
UPDATE lead
SET state = CASE WHEN moves THEN news.state ELSE lead.state END,
    state_reason = CASE WHEN moves THEN news.reason ELSE lead.state_reason END,
    next_at = CASE WHEN moves THEN coalesce(news.next_at, lead.next_at) ELSE lead.next_at END,
    next_phone_id = CASE WHEN moves THEN news.next_phone_id ELSE lead.next_phone_id END,
    callback_agent_id = CASE WHEN moves THEN news.callback_agent_id ELSE lead.callback_agent_id END,
    claimed_from = CASE WHEN moves THEN NULL ELSE lead.claimed_from END,
    claimed_by = CASE WHEN moves THEN NULL ELSE lead.claimed_by END,
    claim_fence = CASE WHEN moves THEN NULL ELSE lead.claim_fence END,
    lease_until = CASE WHEN moves THEN NULL ELSE lead.lease_until END,
    attempts = lead.attempts + news.burnt
FROM (
    SELECT given.*,
           given.state IS NOT NULL
           AND (held.state IN ('claimed', 'in_attempt') OR (held.state = 'resting' AND given.state = 'callback')) AS moves
    FROM unnest(
        $1::bigint[], $2::text[], $3::timestamptz[], $4::bigint[], $5::text[], $6::bigint[], $7::int[]
    ) AS given (id, state, next_at, next_phone_id, reason, callback_agent_id, burnt)
    JOIN (SELECT id, state FROM lead WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE) AS held USING (id)
) AS news
WHERE lead.id = news.id

-- name: more_confident
-- A number's confidence when its odds are multiplied by news.odds. Never quite certain: the next word always counts.
least(0.99, greatest(0.01,
    phone.confidence * news.odds / (phone.confidence * news.odds + 1 - phone.confidence)))

-- name: learn_phones
UPDATE phone
SET status = coalesce(news.status, phone.status),
    last_outcome = coalesce(news.outcome, phone.last_outcome),
    same_outcome_run = coalesce(news.run, phone.same_outcome_run),
    tries = phone.tries + CASE WHEN news.outcome NOT IN ('congestion', 'failed', 'cancelled') THEN 1 ELSE 0 END,
    tried_at = coalesce(news.tried_at, phone.tried_at),
    confidence = CASE WHEN news.odds = 1 THEN phone.confidence ELSE {more_confident} END
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::int[], $5::timestamptz[], $6::float8[])
    AS news (id, status, outcome, run, tried_at, odds)
WHERE phone.id = news.id

-- name: list_do_not_call
-- The persons of leads $1 asked not to be called (reasons $2, at $3): listed, and all their leads suppressed, whoever
-- works them and whatever rings for them now.
WITH asked AS MATERIALIZED (
    SELECT DISTINCT ON (lead.person_id) lead.person_id, given.reason, given.at
    FROM unnest($1::bigint[], $2::text[], $3::timestamptz[]) AS given (lead_id, reason, at)
    JOIN lead ON lead.id = given.lead_id
    ORDER BY lead.person_id, given.at
), listed AS (
    INSERT INTO do_not_call (person_id, reason, source, created_at)
    SELECT person_id, reason, 'debtor', at
    FROM asked
    WHERE NOT EXISTS (SELECT FROM do_not_call WHERE do_not_call.person_id = asked.person_id)
), held AS (
    SELECT id FROM lead WHERE person_id IN (SELECT person_id FROM asked) ORDER BY id FOR UPDATE
), suppressed AS (
    UPDATE lead
    SET state = 'suppressed',
        state_reason = 'do_not_call',
        claimed_from = NULL, claimed_by = NULL, claim_fence = NULL, lease_until = NULL
    WHERE id IN (SELECT id FROM held) AND (state <> 'suppressed' OR state_reason IS DISTINCT FROM 'do_not_call')
    RETURNING id
)
SELECT pg_notify('cadencia_lead', id::text) FROM suppressed

-- name: return_leads
-- Claimed by shard $1 with fence $2 but not dialled: free again, not before $4 where that is set.
UPDATE lead
SET state = CASE
        WHEN claimed_from = 'callback' THEN 'callback'
        WHEN given.blocked_until IS NOT NULL THEN 'resting'
        ELSE 'callable'
    END,
    state_reason = given.rule,
    next_at = coalesce(given.blocked_until, lead.next_at),
    claimed_from = NULL, claimed_by = NULL, claim_fence = NULL, lease_until = NULL
FROM unnest($3::bigint[], $4::timestamptz[], $5::text[]) AS given (id, blocked_until, rule)
WHERE lead.id = given.id AND lead.state = 'claimed' AND lead.claimed_by = $1 AND lead.claim_fence = $2

-- name: write_abandonments
INSERT INTO abandonment (attempt_id, campaign_id, answered_at, deadline_at, abandoned_at)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[])
ON CONFLICT DO NOTHING

-- name: write_verdicts
-- A verdict, its later correction and what was spoken, each in its own batch or all in one: what is told stays.
INSERT INTO screening_verdict (
    attempt_id, campaign_id, judged_at, mode, label, cause, posterior, decided_at_ms, greeting_end_ms, to_agent,
    control, features, corrected_label, corrected_cause, corrected_at_ms, spoken_kind, spoken_file, spoken_at
)
SELECT attempt_id, campaign_id, judged_at, mode, label, cause, posterior, decided_at_ms, greeting_end_ms, to_agent,
       control, features::jsonb, corrected_label, corrected_cause, corrected_at_ms, spoken_kind, spoken_file, spoken_at
FROM unnest(
    $1::text[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::int[],
    $9::int[], $10::bool[], $11::bool[], $12::text[], $13::text[], $14::text[], $15::int[], $16::text[], $17::text[],
    $18::timestamptz[]
) AS given (
    attempt_id, campaign_id, judged_at, mode, label, cause, posterior, decided_at_ms, greeting_end_ms, to_agent,
    control, features, corrected_label, corrected_cause, corrected_at_ms, spoken_kind, spoken_file, spoken_at
)
ON CONFLICT (attempt_id) DO UPDATE SET
    judged_at = coalesce(screening_verdict.judged_at, excluded.judged_at),
    mode = coalesce(screening_verdict.mode, excluded.mode),
    label = coalesce(screening_verdict.label, excluded.label),
    cause = coalesce(screening_verdict.cause, excluded.cause),
    posterior = coalesce(screening_verdict.posterior, excluded.posterior),
    decided_at_ms = coalesce(screening_verdict.decided_at_ms, excluded.decided_at_ms),
    greeting_end_ms = coalesce(screening_verdict.greeting_end_ms, excluded.greeting_end_ms),
    to_agent = coalesce(screening_verdict.to_agent, excluded.to_agent),
    control = coalesce(screening_verdict.control, excluded.control),
    features = coalesce(screening_verdict.features, excluded.features),
    corrected_label = coalesce(excluded.corrected_label, screening_verdict.corrected_label),
    corrected_cause = coalesce(excluded.corrected_cause, screening_verdict.corrected_cause),
    corrected_at_ms = coalesce(excluded.corrected_at_ms, screening_verdict.corrected_at_ms),
    spoken_kind = coalesce(excluded.spoken_kind, screening_verdict.spoken_kind),
    spoken_file = coalesce(excluded.spoken_file, screening_verdict.spoken_file),
    spoken_at = coalesce(excluded.spoken_at, screening_verdict.spoken_at)

-- name: move_agents
-- `since` is when the agent came into this state for this reason: a row that only repeats them keeps the older time,
-- unless he was in another state meanwhile ($12).
INSERT INTO agent_session (
    shard_id, user_id, state, reason, since, leg_id, leg_up, attempt_id, lead_id, after_wrap_up, wrap_up_until
)
SELECT $1, user_id, state, reason, since, leg_id, leg_up, attempt_id, lead_id, after_wrap_up, wrap_up_until
FROM unnest(
    $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::bool[], $8::text[], $9::bigint[],
    $10::text[], $11::timestamptz[]
) AS given (user_id, state, reason, since, leg_id, leg_up, attempt_id, lead_id, after_wrap_up, wrap_up_until)
ON CONFLICT (user_id) DO UPDATE
SET shard_id = excluded.shard_id,
    state = excluded.state,
    reason = excluded.reason,
    since = CASE
        WHEN agent_session.state = excluded.state
             AND agent_session.reason IS NOT DISTINCT FROM excluded.reason
             AND NOT excluded.user_id = ANY ($12::bigint[])
            THEN agent_session.since
        ELSE excluded.since
    END,
    leg_id = excluded.leg_id,
    leg_up = excluded.leg_up,
    attempt_id = excluded.attempt_id,
    lead_id = excluded.lead_id,
    after_wrap_up = excluded.after_wrap_up,
    wrap_up_until = excluded.wrap_up_until

-- name: change_groups
-- Who has just been logged out ($1) and was to go to another group works there from now on.
UPDATE app_user
SET agent_group_id = agent_move.to_group_id
FROM agent_move
WHERE app_user.id = ANY ($1::bigint[]) AND agent_move.agent_id = app_user.id AND agent_move.done_at IS NULL

-- name: finish_moves
UPDATE agent_move SET done_at = now() WHERE agent_id = ANY ($1::bigint[]) AND done_at IS NULL

-- name: move_campaigns
UPDATE campaign
SET state = given.state, state_reason = given.reason
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS given (id, state, reason)
WHERE campaign.id = given.id

-- name: settle_intents
UPDATE intent
SET done_at = given.at, error = given.error
FROM unnest($1::bigint[], $2::timestamptz[], $3::text[]) AS given (id, at, error)
WHERE intent.id = given.id AND intent.done_at IS NULL

-- name: move_switch
UPDATE shard SET switch_up = $2 WHERE agent_group_id = $1

-- name: write_events
-- Last of a batch: the facts themselves from sequence number $3 on, and the word to whoever follows the log. When the fence
-- $2 of shard $1 is not the newest, the log refuses a row without a shard, and so the whole transaction.
WITH owner AS MATERIALIZED (
    SELECT agent_group_id FROM shard WHERE agent_group_id = $1 AND fence = $2 FOR SHARE
), written AS (
    INSERT INTO call_event (shard_id, seq, attempt_id, type, at, data)
    SELECT (SELECT agent_group_id FROM owner),
           $3 + given.n - 1,
           given.attempt_id,
           given.type,
           given.at,
           given.data::jsonb
    FROM unnest($4::text[], $5::text[], $6::timestamptz[], $7::text[])
        WITH ORDINALITY AS given (attempt_id, type, at, data, n)
)
SELECT pg_notify('cadencia_log', $1::text || ':' || ($3 + cardinality($5::text[]) - 1)::text)

-- ===== a shard's life =================================================================================

-- name: acquire_shard
-- The new fence, or no row when another's lease still runs. The database's clock judges: it is one for all.
INSERT INTO shard (agent_group_id, owner, fence, lease_until)
VALUES ($1, $2, 1, now() + $3::interval)
ON CONFLICT (agent_group_id) DO UPDATE
SET owner = excluded.owner, fence = shard.fence + 1, lease_until = excluded.lease_until, switch_up = false
WHERE shard.lease_until IS NULL OR shard.lease_until < now()
RETURNING fence

-- name: renew_shard
UPDATE shard SET lease_until = now() + $3::interval WHERE agent_group_id = $1 AND fence = $2 RETURNING fence

-- name: release_shard
UPDATE shard SET owner = NULL, lease_until = NULL, switch_up = false WHERE agent_group_id = $1 AND fence = $2

-- name: last_seq
SELECT coalesce(max(seq), 0) FROM call_event WHERE shard_id = $1

-- name: lock_shard
-- Waits for a batch of ours whose commit is still under way (it holds the row), so that its fate is known afterwards.
SELECT fence FROM shard WHERE agent_group_id = $1 FOR UPDATE

-- name: open_intents
SELECT intent.id, intent.user_id, app_user.role, intent.type, intent.data
FROM intent
JOIN app_user ON app_user.id = intent.user_id
WHERE intent.shard_id = $1 AND intent.done_at IS NULL
ORDER BY intent.id

-- name: campaigns_of_group
SELECT id, name, agent_group_id, state, mode, ratio, max_lines_per_agent, abandon_cap, connect_limit_s, ring_timeout_s,
       wrap_up_s, priority, rule_set, recording_notice, language, version, policy, share, abandon_window,
       screening, cost_ratio, on_machine, control_share, connect_clock, late_correction, contact_plan,
       ARRAY(
           SELECT rule_id || '@' || version
           FROM rule_approval
           WHERE rule_approval.rule_set = campaign.rule_set AND withdrawn_at IS NULL
       ) AS approvals,
       abandoned_text,
       archived,
       (
           SELECT coalesce(jsonb_agg(jsonb_build_array(
                      trunk.name, shown.number, coalesce(caller_id.owner, ''), coalesce(caller_id.answered_by, '')
                  ) ORDER BY trunk.position, trunk.id, shown.n), '[]')
           FROM trunk
           CROSS JOIN unnest(trunk.caller_ids) WITH ORDINALITY AS shown (number, n)
           LEFT JOIN caller_id ON caller_id.number = shown.number AND caller_id.withdrawn_at IS NULL
           WHERE trunk.enabled
       ) AS shown,
       (
           SELECT coalesce(jsonb_agg(jsonb_build_array(
                      CASE WHEN rule_overlay.campaign_id IS NULL THEN 'contract:' || rule_overlay.creditor
                           ELSE 'campaign:' || campaign.name END || '@' || rule_overlay.version,
                      rule_overlay.creditor, content
                  ) ORDER BY rule_overlay.campaign_id NULLS LAST, rule_overlay.creditor), '[]')
           FROM rule_overlay
           WHERE removed_at IS NULL AND (rule_overlay.campaign_id IS NULL OR rule_overlay.campaign_id = campaign.id)
       ) AS overlays,
       (
           SELECT coalesce(jsonb_agg(jsonb_build_array(day, place, city) ORDER BY day, local_holiday.id), '[]')
           FROM local_holiday
           WHERE removed_at IS NULL
             AND split_part(place, '-', 1) = split_part(campaign.rule_set, '-', 1)
       ) AS local_holidays
FROM campaign
WHERE agent_group_id = $1
ORDER BY id

-- name: trunks
SELECT id, name, position, calls_per_second, channels, caller_ids, early_media, fault
FROM trunk
WHERE enabled
ORDER BY position, id

-- name: stop_trunks
-- The carriers of trunks $1 refuse us, for reasons $2, since $3: out of service, for every group.
WITH stopped AS (
    UPDATE trunk
    SET fault = news.reason, faulted_at = news.at
    FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS news (name, reason, at)
    WHERE trunk.name = news.name AND trunk.fault IS NULL
    RETURNING trunk.name
)
SELECT pg_notify('cadencia_trunk', name) FROM stopped

-- name: agents_of_group
SELECT app_user.id,
       app_user.display_name AS name,
       coalesce(agent_session.state, 'logged_out') AS state,
       agent_session.reason,
       coalesce(agent_session.since, app_user.created_at) AS since,
       agent_session.leg_id,
       agent_session.attempt_id,
       agent_session.after_wrap_up
FROM app_user
LEFT JOIN agent_session ON agent_session.user_id = app_user.id
WHERE app_user.agent_group_id = $1 AND app_user.role = 'agent' AND app_user.active
ORDER BY app_user.id

-- name: dispositions_of_group
SELECT disposition.campaign_id, disposition.code, disposition.effect
FROM disposition
JOIN campaign ON campaign.id = disposition.campaign_id
WHERE campaign.agent_group_id = $1
ORDER BY disposition.campaign_id, disposition.position

-- name: open_attempts
SELECT * FROM attempt WHERE shard_id = $1 AND ended_at IS NULL ORDER BY id

-- name: unfinished_attempts
-- Connected, ended, and its lead still waits for the agent's word.
SELECT attempt.*
FROM campaign
JOIN lead ON lead.campaign_id = campaign.id AND lead.state = 'in_attempt'
JOIN attempt ON attempt.lead_id = lead.id AND attempt.n = lead.last_n
WHERE campaign.agent_group_id = $1
  AND attempt.ended_at IS NOT NULL
  AND attempt.outcome = 'connected'
  AND attempt.agent_id IS NOT NULL
  AND attempt.disposed_at IS NULL
ORDER BY attempt.id

-- name: tallies
-- All live answers of the group's campaigns and the abandons among them, and the machine verdicts: hung up on untried,
-- tried on an agent, and people among these by his word (any but $2). By ten minutes, oldest first. By indexes that hold
-- nothing else.
WITH own AS (SELECT id FROM campaign WHERE agent_group_id = $1)
SELECT campaign_id, date_bin('10 minutes', told_at, timestamptz '2000-01-01 00:00Z') + interval '10 minutes' AS at,
       count(*) FILTER (WHERE what IN ('live', 'abandoned')) AS live_answers,
       count(*) FILTER (WHERE what = 'abandoned') AS abandoned,
       count(*) FILTER (WHERE what = 'ended') AS ended,
       count(*) FILTER (WHERE what IN ('machine', 'person')) AS trials,
       count(*) FILTER (WHERE what = 'person') AS persons
FROM (
    SELECT attempt.campaign_id, attempt.ended_at AS told_at,
           CASE WHEN outcome = 'abandoned' THEN 'abandoned' ELSE 'live' END AS what
    FROM attempt JOIN own ON own.id = attempt.campaign_id
    WHERE attempt.outcome IN ('connected', 'customer_hung_up', 'abandoned') AND attempt.ended_at IS NOT NULL
    UNION ALL
    SELECT campaign_id, judged_at, 'ended'
    FROM screening_verdict JOIN own ON own.id = campaign_id
    WHERE mode = 'on' AND NOT to_agent AND label <> 'SIT'
    UNION ALL
    SELECT verdict.campaign_id, verdict.judged_at,
           CASE WHEN attempt.disposition = $2 THEN 'machine' ELSE 'person' END
    FROM screening_verdict AS verdict
    JOIN own ON own.id = verdict.campaign_id
    JOIN attempt ON attempt.id = verdict.attempt_id
    WHERE verdict.control AND verdict.label <> 'SIT' AND attempt.disposition IS NOT NULL
) AS counted
GROUP BY 1, 2
ORDER BY 2, 1

-- name: keep_pacing
INSERT INTO pacing_state (shard_id, kept_at, policies)
VALUES ($1, $2, $3::text::jsonb)
ON CONFLICT (shard_id) DO UPDATE SET kept_at = excluded.kept_at, policies = excluded.policies

-- name: kept_pacing
SELECT kept_at, policies FROM pacing_state WHERE shard_id = $1

-- name: log_since_pacing
-- What shard $1 logged, of the kinds $2, since its pacing was last set down. Looked for in the newest part of the log only:
-- what was set down before that is of another shift.
WITH newest AS MATERIALIZED (
    SELECT max(seq) AS seq FROM call_event WHERE shard_id = $1
), kept AS MATERIALIZED (
    SELECT max(call_event.seq) AS seq
    FROM call_event, newest
    WHERE shard_id = $1 AND call_event.seq > newest.seq - 50000 AND type = 'PacingKept'
)
SELECT call_event.attempt_id, type, at, data
FROM call_event, kept
WHERE shard_id = $1 AND call_event.seq > kept.seq AND type = ANY ($2::text[])
ORDER BY call_event.seq

-- name: attempts_planned
SELECT * FROM attempt WHERE id = ANY ($1::text[])
