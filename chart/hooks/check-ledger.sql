-- Stops before anything is applied when the ledger and the chart's files do not agree. A ledger that only is newer than the chart,
-- after a rollback, is told and left: what was applied stays, and everything else goes on.
SELECT format('unchanged  %s migrations', count(*))
FROM audit.schema_migration INNER JOIN chart_migration USING (version)
HAVING count(*) > 0;

CREATE TEMPORARY VIEW newest_of_chart AS
SELECT version >= 9000 AS users, max(version) AS version FROM chart_migration GROUP BY version >= 9000;

SELECT format('newer      V%s (%s) of chart %s: this chart does not have it, it stays', to_char(ledger.version, 'FM0000'), description, chart_version)
FROM audit.schema_migration AS ledger LEFT JOIN newest_of_chart ON users = (ledger.version >= 9000)
WHERE ledger.version > coalesce(newest_of_chart.version, 0)
ORDER BY ledger.version;

DO $$
DECLARE
    problems TEXT;
BEGIN
    SELECT string_agg('- ' || problem, E'\n' ORDER BY version)
    INTO problems
    FROM (
        SELECT version, format(
            '%s was changed after it was applied (%s, by chart %s): give it the content it had, and put the change into a new migration',
            file, applied_at::timestamp(0), chart_version
        )
        FROM chart_migration INNER JOIN audit.schema_migration AS ledger USING (version)
        WHERE chart_migration.sha256 <> ledger.sha256
        UNION ALL
        SELECT ledger.version, format(
            'V%s (%s) was applied by chart %s and is missing here, where newer ones are: put its file back',
            to_char(ledger.version, 'FM0000'), ledger.description, ledger.chart_version
        )
        FROM audit.schema_migration AS ledger
        INNER JOIN newest_of_chart ON users = (ledger.version >= 9000) AND newest_of_chart.version > ledger.version
        WHERE NOT EXISTS (SELECT FROM chart_migration WHERE chart_migration.version = ledger.version)
        UNION ALL
        SELECT version, format('%s was not applied, and V%s was: give it a number after that', file, to_char(newest, 'FM0000'))
        FROM chart_migration CROSS JOIN LATERAL (
            SELECT max(ledger.version) AS newest
            FROM audit.schema_migration AS ledger
            WHERE ledger.version > chart_migration.version AND (ledger.version >= 9000) = (chart_migration.version >= 9000)
        ) AS later
        WHERE
            newest IS NOT NULL
            AND NOT EXISTS (SELECT FROM audit.schema_migration AS ledger WHERE ledger.version = chart_migration.version)
        UNION ALL
        SELECT version, format('%s have the same number: give the later one the next', string_agg(file, ' and ' ORDER BY file))
        FROM chart_migration
        GROUP BY version
        HAVING count(*) > 1
        UNION ALL
        SELECT version, format('%s comes after V%s: a number is missing between them', file, to_char(before, 'FM0000'))
        FROM (SELECT version, file, lag(version, 1, 0) OVER (ORDER BY version) AS before FROM chart_migration WHERE version < 9000) AS pair
        WHERE version > before + 1
    ) AS found (version, problem);

    IF problems IS NOT NULL THEN
        RAISE EXCEPTION E'the chart''s migrations and the ledger do not agree, nothing was applied:\n%', problems;
    END IF;
END
$$;
