-- name: link
-- A chain's rows are numbered and hashed one after the other; who writes to it holds its head until the transaction ends.
-- The head itself is moved once, at the commit: a row that every insertion updated would leave one dead version each,
-- and each insertion would read all of them again.
CREATE OR REPLACE FUNCTION contact_ledger_link() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head contact_ledger_head%ROWTYPE;
    written record;
BEGIN
    SELECT * INTO head FROM contact_ledger_head WHERE chain = NEW.chain FOR UPDATE;
    IF FOUND THEN
        -- What this transaction has written already. Asked after the lock, so that the other writers' rows are seen.
        SELECT n, hash INTO written FROM contact_ledger WHERE chain = NEW.chain ORDER BY n DESC LIMIT 1;
        IF written.n > head.n THEN
            head.n := written.n;
            head.hash := written.hash;
        END IF;
    ELSE
        INSERT INTO contact_ledger_head (chain, n, hash) VALUES (NEW.chain, 0, '') ON CONFLICT (chain) DO NOTHING;
        SELECT * INTO STRICT head FROM contact_ledger_head WHERE chain = NEW.chain FOR UPDATE;
    END IF;
    NEW.n := head.n + 1;
    NEW.hash := encode(sha256(convert_to(head.hash || json_build_array(
        NEW.chain, NEW.n, (extract(epoch FROM NEW.at) * 1000000)::bigint, NEW.person_id, NEW.channel,
        array_to_string(NEW.counts, ','), NEW.withdrawn, NEW.mark, NEW.phone_id, array_to_string(NEW.debts, ','),
        NEW.account, NEW.creditor, NEW.attempt_id, NEW.reference, NEW.source
    )::text, 'UTF8')), 'hex');
    RETURN NEW;
END
$$;

-- name: move_head
-- At the commit: the first row of the transaction moves the head to the last one, the others find it there.
CREATE FUNCTION contact_ledger_move_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE contact_ledger_head
    SET n = newest.n, hash = newest.hash
    FROM (SELECT n, hash FROM contact_ledger WHERE chain = NEW.chain ORDER BY n DESC LIMIT 1) AS newest
    WHERE chain = NEW.chain AND contact_ledger_head.n < NEW.n;
    RETURN NULL;
END
$$;

-- name: move_head_trigger
CREATE CONSTRAINT TRIGGER contact_ledger_move_head AFTER INSERT ON contact_ledger
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION contact_ledger_move_head();
