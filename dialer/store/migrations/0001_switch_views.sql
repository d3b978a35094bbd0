-- name: reader_role
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'switch_reader')
       AND (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user)
    THEN
        CREATE ROLE switch_reader NOLOGIN;
    END IF;
END
$$;

-- name: schema
CREATE SCHEMA switch;

-- name: endpoints
CREATE VIEW switch.ps_endpoints AS
SELECT sip_user AS id,
       sip_user AS aors,
       sip_user AS auth,
       'none' AS context,
       'all' AS disallow,
       CASE WHEN webrtc THEN 'opus,ulaw' ELSE 'ulaw' END AS allow,
       CASE WHEN webrtc THEN 'yes' ELSE 'no' END AS webrtc,
       'no' AS direct_media
FROM public.sip_credential
WHERE expires_at > now();

-- name: auths
CREATE VIEW switch.ps_auths AS
SELECT sip_user AS id, 'md5' AS auth_type, sip_user AS username, ha1 AS md5_cred, 'cadencia' AS realm
FROM public.sip_credential
WHERE expires_at > now();

-- name: aors
CREATE VIEW switch.ps_aors AS
SELECT sip_user AS id, 1 AS max_contacts, 'yes' AS remove_existing, 30 AS qualify_frequency
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
