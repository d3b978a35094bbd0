-- What calling a lead is expected to bring: chance of a contact x amount x urgency, kept on the lead so that the claim's
-- index has the order. A contact is a right-party disposition; a try is a burnt attempt.
--
-- The chance is the campaign's rate times how the person and the best of his numbers did against it. Each of those is a
-- ratio of contacts to the contacts expected at the rate, with K = 2 expected contacts put on both sides: the mean of a
-- gamma posterior over a Poisson count whose prior has mean 1 and variance 1/K (Clayton and Kaldor 1987, empirical
-- Bayes estimates of relative risks). Who was never tried is worth 1; one lucky try does not make a star.

-- name: urgency
-- By days past due of `owed`: a reminder before the day is worth half, then the debt ages towards the next stage, after
-- three months it has lost what urgency gives, after a year it seldom comes back. A table to be argued with.
CASE
    WHEN owed.due_on IS NULL THEN 1.0
    WHEN owed.due_on > current_date THEN 0.5
    WHEN owed.due_on > current_date - 30 THEN 1.0 + (current_date - owed.due_on) / 30.0
    WHEN owed.due_on > current_date - 90 THEN 1.5
    WHEN owed.due_on > current_date - 360 THEN 1.0
    ELSE 0.6
END

-- name: learn
-- What campaign $1 knows of when people answer, from the attempts since $2: its zone, its rate (30 tries at one in ten
-- are put to it) and, for the leads of each best part of the day and each part of the day, how much likelier a contact
-- is than that rate (5 expected contacts are put on both sides).
WITH zone AS (
    SELECT coalesce(mode() WITHIN GROUP (ORDER BY time_zone), 'UTC') AS name
    FROM (
        SELECT person.time_zone
        FROM lead
        JOIN person ON person.id = lead.person_id
        WHERE lead.campaign_id = $1 AND person.time_zone IS NOT NULL
        LIMIT 1000
    ) AS sample
), tried AS (
    SELECT lead.part,
           CASE
               WHEN extract(hour FROM attempt.planned_at AT TIME ZONE coalesce(person.time_zone, zone.name)) < 12 THEN 1
               WHEN extract(hour FROM attempt.planned_at AT TIME ZONE coalesce(person.time_zone, zone.name)) < 17 THEN 2
               ELSE 3
           END AS at_part,
           count(*) AS tries,
           count(*) FILTER (WHERE disposition.right_party) AS contacts
    FROM attempt
    CROSS JOIN zone
    JOIN lead ON lead.id = attempt.lead_id
    JOIN person ON person.id = attempt.person_id
    LEFT JOIN disposition ON disposition.campaign_id = $1 AND disposition.code = attempt.disposition
    WHERE attempt.campaign_id = $1
      AND attempt.planned_at >= $2
      AND coalesce(attempt.outcome, 'unknown') NOT IN ('congestion', 'failed', 'cancelled')
    GROUP BY 1, 2
), rate AS (
    SELECT (coalesce(sum(contacts), 0) + 3.0) / (coalesce(sum(tries), 0) + 30.0) AS rate FROM tried
)
INSERT INTO campaign_order (campaign_id, zone, contact_rate, factors)
SELECT $1,
       zone.name,
       rate.rate,
       ARRAY(
           SELECT ((coalesce(sum(tried.contacts), 0) + 5) / (coalesce(sum(tried.tries), 0) * rate.rate + 5))::real
           FROM generate_series(0, 3) AS part
           CROSS JOIN generate_series(1, 3) AS at_part
           LEFT JOIN tried ON tried.part = part.part AND tried.at_part = at_part.at_part
           GROUP BY part.part, at_part.at_part
           ORDER BY part.part, at_part.at_part
       )
FROM zone
CROSS JOIN rate
ON CONFLICT (campaign_id) DO UPDATE
SET zone = excluded.zone, contact_rate = excluded.contact_rate, factors = excluded.factors

-- name: score
-- The next $3 leads of campaign $1, those of persons above $2: their value and best part of the day anew, and awake when
-- their rest has ended. Rows that dialling holds at this moment are left for the next time; rows that hardly change are
-- not written. Gives the last person seen (null: there are no more), and how many leads were seen and changed.
WITH known AS MATERIALIZED (
    SELECT zone, contact_rate FROM campaign_order WHERE campaign_id = $1
), batch AS MATERIALIZED (
    SELECT id, person_id, debt_id, value, part, zone, attempts, state
    FROM lead
    WHERE campaign_id = $1 AND person_id > $2
    ORDER BY person_id
    LIMIT $3
), held AS MATERIALIZED (
    SELECT lead.id
    FROM lead
    WHERE lead.id IN (SELECT id FROM batch WHERE state IN ('callable', 'resting', 'callback'))
    FOR UPDATE SKIP LOCKED
), judged AS (
    SELECT batch.id,
           (
               coalesce(owed.balance_minor, 1)
               * {urgency}
               * known.contact_rate
               * (tally.contacts + 2) / (tally.tries * known.contact_rate + 2)
               * coalesce(number.ratio, 0)
           )::real AS value,
           CASE
               WHEN tally.contacts = 0 THEN 0
               WHEN tally.morning >= 1.3 AND tally.morning >= greatest(tally.afternoon, tally.evening) THEN 1
               WHEN tally.afternoon >= 1.3 AND tally.afternoon >= tally.evening THEN 2
               WHEN tally.evening >= 1.3 THEN 3
               ELSE 0
           END AS part,
           -- Who allowed other hours than the law's may be called when the zone is closed: he is never left out.
           CASE
               WHEN (SELECT id FROM preference WHERE preference.person_id = person.id AND wish = 'allow' LIMIT 1) IS NULL
                   THEN coalesce(person.time_zone, '')
               ELSE ''
           END AS zone
    FROM batch
    JOIN held ON held.id = batch.id
    CROSS JOIN known
    JOIN person ON person.id = batch.person_id
    LEFT JOIN debt AS owed ON owed.id = batch.debt_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(tries), 0) AS tries,
               coalesce(sum(contacts), 0) AS contacts,
               max((contacts + 2) / (tries * known.contact_rate + 2)) FILTER (WHERE at_part = 1 AND contacts > 0) AS morning,
               max((contacts + 2) / (tries * known.contact_rate + 2)) FILTER (WHERE at_part = 2 AND contacts > 0) AS afternoon,
               max((contacts + 2) / (tries * known.contact_rate + 2)) FILTER (WHERE at_part = 3 AND contacts > 0) AS evening
        FROM (
            SELECT CASE
                       WHEN extract(hour FROM planned_at AT TIME ZONE coalesce(person.time_zone, known.zone)) < 12 THEN 1
                       WHEN extract(hour FROM planned_at AT TIME ZONE coalesce(person.time_zone, known.zone)) < 17 THEN 2
                       ELSE 3
                   END AS at_part,
                   count(*) AS tries,
                   count(*) FILTER (WHERE disposition.right_party) AS contacts
            FROM attempt
            LEFT JOIN disposition ON disposition.campaign_id = $1 AND disposition.code = attempt.disposition
            WHERE batch.attempts > 0
              AND attempt.lead_id = batch.id
              AND coalesce(attempt.outcome, 'unknown') NOT IN ('congestion', 'failed', 'cancelled')
            GROUP BY 1
        ) AS by_part
    ) AS tally
    CROSS JOIN LATERAL (
        SELECT max((phone.right_party + 4 * phone.confidence) / (phone.tries * known.contact_rate + 2)) AS ratio
        FROM phone
        WHERE phone.person_id = batch.person_id AND phone.status = 'active'
    ) AS number
), changed AS (
    UPDATE lead
    SET value = judged.value,
        part = judged.part,
        zone = judged.zone,
        state = CASE WHEN lead.state = 'resting' AND lead.next_at <= now() THEN 'callable' ELSE lead.state END
    FROM judged
    WHERE lead.id = judged.id
      AND (
          lead.part <> judged.part
          OR lead.zone <> judged.zone
          OR abs(lead.value - judged.value) > 0.02 * lead.value
          OR (lead.state = 'resting' AND lead.next_at <= now())
      )
    RETURNING lead.id
)
SELECT (SELECT max(person_id) FROM batch) AS last_person,
       (SELECT count(*) FROM batch) AS seen,
       (SELECT count(*) FROM changed) AS changed

-- name: scored
UPDATE campaign_order SET scored_at = now() WHERE campaign_id = $1
