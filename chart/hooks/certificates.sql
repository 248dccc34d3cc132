-- Until when the certificates are valid that the server has: its own and its CA's, those of the schema Job, and with CloudNativePG those
-- with which servers copy from one another and the pooler logs in. Monitoring cannot read a file; it may ask this, which tells nothing else of them and takes
-- nothing from who asks. Of a file with several certificates it is the first. A file that is there and holds none has no end; one that is
-- not there has no row.
-- It runs as superuser. What somebody else had in their hands (by a rollback to 0.4.0, which gives it to the owner) is made anew, and so is
-- what is another version's: its body has another hash than this one.
SELECT count(*) = 0 AS no_certificates
FROM pg_proc
WHERE
    oid = to_regprocedure('audit.certificates()') AND proowner = 10
    AND encode(sha256(convert_to(prosrc, 'UTF8')), 'hex') = '76693f5c0568524f4f31c17645d63e6919e56947b8d3eff6e14c03dd04583d83' \gset audit_
\if :audit_no_certificates
DROP FUNCTION IF EXISTS audit.certificates();
CREATE FUNCTION audit.certificates() RETURNS TABLE (certificate TEXT, ends_at TIMESTAMPTZ)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    theirs CONSTANT BOOLEAN := current_setting('ssl_ca_file') LIKE '%/client-ca.crt'; -- as CloudNativePG names its files
    file TEXT;
    ends TEXT;
BEGIN
    FOR certificate, file IN VALUES
        ('server', current_setting('ssl_cert_file')),
        ('ca', regexp_replace(current_setting('ssl_cert_file'), '[^/]*$', CASE WHEN theirs THEN 'server-ca.crt' ELSE 'ca.crt' END)),
        ('schema', CASE WHEN theirs THEN '/projected/schema.crt' ELSE regexp_replace(current_setting('ssl_ca_file'), '[^/]+$', 'tls.crt') END),
        ('schema-ca', current_setting('ssl_ca_file')),
        ('replication', CASE WHEN theirs THEN regexp_replace(current_setting('ssl_ca_file'), '[^/]+$', 'streaming_replica.crt') ELSE '' END),
        ('pooler', CASE WHEN theirs THEN '/projected/pooler.crt' ELSE '' END)
    LOOP
        ends_at := NULL;
        BEGIN
            CONTINUE WHEN file = '' OR pg_stat_file(file, TRUE) IS NULL;
            -- A certificate names its first and its last moment side by side, as two texts of digits in ASN.1: UTCTime (170d), whose year
            -- has two digits, until 2049, GeneralizedTime (180f) from 2050 on.
            ends := (
                SELECT coalesce(CASE WHEN moment[1] < '35' THEN '3230' ELSE '3139' END || moment[1], moment[2])
                FROM regexp_match(
                    encode(decode(substring(
                        convert_from(pg_read_binary_file(file, 0, 262144), 'SQL_ASCII'),
                        '-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----'
                    ), 'base64'), 'hex'),
                    '^(?:..)*?30(?:1e|20|22)(?:170d(?:3[0-9]){12}5a|180f(?:3[0-9]){14}5a)(?:170d((?:3[0-9]){12})5a|180f((?:3[0-9]){14})5a)'
                ) AS moment
            );
            ends_at := to_timestamp(convert_from(decode(ends, 'hex'), 'SQL_ASCII') || '+00', 'YYYYMMDDHH24MISSTZH');
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
ALTER FUNCTION audit.certificates() OWNER TO :audit_superuser;
REVOKE EXECUTE ON FUNCTION audit.certificates() FROM public;
COMMENT ON FUNCTION audit.certificates() IS 'Ends of the certificates that the server has (인증서 만료); for monitoring';
\endif
