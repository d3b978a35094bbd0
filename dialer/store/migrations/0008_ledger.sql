-- name: link
CREATE FUNCTION contact_ledger_link() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head contact_ledger_head%ROWTYPE;
BEGIN
    SELECT * INTO head FROM contact_ledger_head WHERE chain = NEW.chain FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO contact_ledger_head (chain, n, hash) VALUES (NEW.chain, 0, '') ON CONFLICT (chain) DO NOTHING;
        SELECT * INTO STRICT head FROM contact_ledger_head WHERE chain = NEW.chain FOR UPDATE;
    END IF;
    NEW.n := head.n + 1;
    NEW.hash := encode(sha256(convert_to(head.hash || json_build_array(
        NEW.chain, NEW.n, (extract(epoch FROM NEW.at) * 1000000)::bigint, NEW.person_id, NEW.channel,
        array_to_string(NEW.counts, ','), NEW.withdrawn, NEW.mark, NEW.phone_id, array_to_string(NEW.debts, ','),
        NEW.account, NEW.creditor, NEW.attempt_id, NEW.reference, NEW.source
    )::text, 'UTF8')), 'hex');
    UPDATE contact_ledger_head SET n = NEW.n, hash = NEW.hash WHERE chain = NEW.chain;
    RETURN NEW;
END
$$;

-- name: keep
CREATE FUNCTION contact_ledger_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the contact ledger is only ever added to' USING ERRCODE = 'restrict_violation';
END
$$;

-- name: link_trigger
CREATE TRIGGER contact_ledger_link BEFORE INSERT ON contact_ledger FOR EACH ROW EXECUTE FUNCTION contact_ledger_link();
-- name: keep_trigger
CREATE TRIGGER contact_ledger_keep BEFORE UPDATE OR DELETE ON contact_ledger
    FOR EACH ROW EXECUTE FUNCTION contact_ledger_keep();
-- name: keep_all_trigger
CREATE TRIGGER contact_ledger_keep_all BEFORE TRUNCATE ON contact_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION contact_ledger_keep();
