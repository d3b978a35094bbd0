-- What Asterisk reads of the agents' log-ins by realtime (res_config_pgsql) as role switch_reader: these views and nothing
-- else. Column names are Asterisk's option names; a null would mean "not set". Tried on Asterisk 22.10.1.

-- name: reader_role
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'switch_reader')
       AND (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user)
    THEN
        CREATE ROLE switch_reader NOLOGIN;
    END IF;
EXCEPTION
    -- Made by another database's migration at this moment.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

-- name: schema
CREATE SCHEMA switch;

-- name: endpoints
-- rtp_symmetric, force_rport and rewrite_contact: browsers sit behind address translation.
CREATE VIEW switch.ps_endpoints AS
SELECT sip_user AS id,
       sip_user AS auth,
       sip_user AS aors,
       'refused'::text AS context,
       'all'::text AS disallow,
       CASE WHEN webrtc THEN 'opus,ulaw,alaw' ELSE 'ulaw,alaw' END AS allow,
       CASE WHEN webrtc THEN 'yes' ELSE 'no' END AS webrtc,
       'no'::text AS direct_media,
       'yes'::text AS rtp_symmetric,
       'yes'::text AS force_rport,
       'yes'::text AS rewrite_contact,
       'no'::text AS allow_subscribe,
       'no'::text AS allow_transfer,
       '30'::text AS rtp_timeout,
       '300'::text AS rtp_timeout_hold
FROM public.sip_credential
WHERE expires_at > now();

-- name: auths
CREATE VIEW switch.ps_auths AS
SELECT sip_user AS id,
       'digest'::text AS auth_type,
       sip_user AS username,
       'cadencia'::text AS realm,
       'MD5:' || ha1 AS password_digest
FROM public.sip_credential
WHERE expires_at > now();

-- name: aors
-- The contact must exist and stays empty: Asterisk asks for rows WHERE contact != ''.
CREATE VIEW switch.ps_aors AS
SELECT sip_user AS id,
       ''::text AS contact,
       '1'::text AS max_contacts,
       'yes'::text AS remove_existing,
       '30'::text AS qualify_frequency,
       '3'::text AS qualify_timeout,
       '120'::text AS default_expiration,
       '30'::text AS minimum_expiration,
       '600'::text AS maximum_expiration
FROM public.sip_credential
WHERE expires_at > now();

-- name: grants
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'switch_reader') THEN
        GRANT USAGE ON SCHEMA switch TO switch_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA switch TO switch_reader;
    END IF;
END
$$;
