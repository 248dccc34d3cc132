-- Tells apart who restores what, by the list of the dump's entries that pg_restore --list --verbose made: a line an entry, which ends with
-- its owner, and a line of what it depends on. The superuser restores first what is a superuser's, and every schema and extension; last
-- event triggers. What is a superuser's and depends on what is another's is left out.
\set list `cat :work/list`
CREATE TEMPORARY TABLE entry AS
WITH line AS (
    SELECT text, number, max(number) FILTER (WHERE text ~ '^[0-9]+; ') OVER (ORDER BY number) AS head
    FROM regexp_split_to_table(:'list', E'\n') WITH ORDINALITY AS line (text, number)
)

SELECT
    line.number, line.text, substring(line.text FROM '^[0-9]+')::int AS id,
    coalesce(string_to_array(substring(depends.text FROM 'depends on: (.*)'), ' ')::int [], '{}') AS needs,
    line.text ~ '^[0-9]+; [0-9]+ [0-9]+ (SCHEMA|ACL - SCHEMA|COMMENT - SCHEMA|EXTENSION|COMMENT - EXTENSION) ' AS of_the_database,
    line.text ~ '^[0-9]+; 3466 [0-9]+ EVENT TRIGGER ' AS event_trigger,
    line.text ~ '^[0-9]+; [0-9]+ [0-9]+ (BLOB|BLOBS|BLOB METADATA) ' AS large_object,
    owner.rolname, owner.oid, owner.rolsuper
FROM line
LEFT JOIN line AS depends ON depends.head = line.number AND depends.text ~ '^;\s+depends on: '
-- A name may have blanks; of two that fit, the longer one has fewer rights.
LEFT JOIN LATERAL (
    SELECT rolname, pg_roles.oid, rolsuper FROM pg_roles
    WHERE right(line.text, length(rolname) + 1) = ' ' || rolname
    ORDER BY length(rolname) DESC
    LIMIT 1
) AS owner ON TRUE
WHERE
    line.text ~ '^[0-9]+; '
    AND line.text !~ '^[0-9]+; ([0-9]+ [0-9]+ (ENCODING|STDSTRINGS|SEARCHPATH|ACL - DATABASE|COMMENT - DATABASE|SECURITY LABEL - DATABASE|DATABASE PROPERTIES) |1262 )';

-- What has no owner is the superuser's, but for the contents of large objects, which only the owner makes.
UPDATE entry SET rolname = role.rolname, oid = role.oid, rolsuper = role.rolsuper
FROM pg_roles AS role
WHERE
    entry.rolname IS NULL AND right(text, 1) = ' '
    AND role.rolname = CASE WHEN large_object THEN 'bill_inquiry_owner' ELSE current_user END;

WITH RECURSIVE others (id) AS (
    SELECT id FROM entry WHERE NOT rolsuper AND NOT of_the_database
    UNION
    SELECT entry.id FROM entry INNER JOIN others ON others.id = ANY(entry.needs) WHERE NOT of_the_database
)

SELECT coalesce(array_agg(id), '{}') AS others FROM others \gset
CREATE TEMPORARY VIEW part AS
SELECT
    number, text, oid, rolname,
    CASE
        WHEN rolname IS NULL THEN 'strange'
        WHEN of_the_database THEN 'first'
        WHEN NOT rolsuper THEN 'owner'
        WHEN id = ANY(:'others'::int []) THEN 'left'
        WHEN event_trigger THEN 'last'
        ELSE 'first'
    END AS part
FROM entry;
SELECT text FROM part WHERE part = 'strange' ORDER BY number \g :work/strange
SELECT text FROM part WHERE part = 'first' ORDER BY number \g :work/first
SELECT text FROM part WHERE part = 'last' ORDER BY number \g :work/last
SELECT '- ' || text FROM part WHERE part = 'left' ORDER BY number \g :work/left
-- The service's own comes before what others may have made of it.
SELECT concat_ws(E'\t', oid, rolname)
FROM part
WHERE part = 'owner'
GROUP BY oid, rolname
ORDER BY rolname <> 'bill_inquiry_owner', rolname
\g :work/owners
SELECT oid || ' ' || text FROM part WHERE part = 'owner' ORDER BY number \g :work/of
