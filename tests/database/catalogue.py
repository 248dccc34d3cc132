"""Everything that makes two databases of the service the same or different, as sorted lines."""

import psycopg

OURS = "('public', 'cache', 'audit')"
QUERIES = {
    "database": """
        SELECT pg_get_userbyid(datdba), (SELECT array_agg(acl::text ORDER BY acl::text) FROM unnest(datacl) AS acl)
        FROM pg_database WHERE datname = current_database()""",
    "schema": f"""
        SELECT nspname, pg_get_userbyid(nspowner), (SELECT array_agg(acl::text ORDER BY acl::text) FROM unnest(nspacl) AS acl)
        FROM pg_namespace WHERE nspname IN {OURS} OR nspname !~ '^pg_|^information_schema$'""",
    "relation": f"""
        SELECT oid::regclass, relkind, pg_get_userbyid(relowner), reloptions, relpersistence, relreplident, relispartition,
            pg_get_expr(relpartbound, oid), pg_get_partkeydef(oid),
            (SELECT array_agg(acl::text ORDER BY acl::text) FROM unnest(relacl) AS acl)
        FROM pg_class WHERE relkind NOT IN ('i', 'I', 't') AND relnamespace::regnamespace::text IN {OURS}""",
    "view": f"SELECT schemaname, viewname, definition FROM pg_views WHERE schemaname IN {OURS} AND viewname !~ '^pg_stat_st'",
    "column": f"""
        SELECT attrelid::regclass, row_number() OVER (PARTITION BY attrelid ORDER BY attnum), attname,
            format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attacl, pg_get_expr(adbin, adrelid)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attnum > 0 AND NOT attisdropped AND relkind NOT IN ('i', 'I') AND relnamespace::regnamespace::text IN {OURS}""",
    "sequence": f"""
        SELECT seqrelid::regclass, seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle
        FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid WHERE relnamespace::regnamespace::text IN {OURS}""",
    "constraint": f"""
        SELECT conrelid::regclass, conname, convalidated,
            regexp_replace(pg_get_constraintdef(oid), '::(character varying|text)|[][() ]', '', 'g') -- a dump writes other casts
        FROM pg_constraint WHERE connamespace::regnamespace::text IN {OURS}""",
    "index": f"""
        SELECT indexrelid::regclass, indisvalid, indisready, pg_get_indexdef(indexrelid)
        FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace::regnamespace::text IN {OURS}""",
    "trigger": "SELECT tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "event trigger": """
        SELECT evtname, evtevent, pg_get_userbyid(evtowner), evtfoid::regproc, evtenabled, evttags FROM pg_event_trigger""",
    "function": f"""
        SELECT oid::regprocedure, pg_get_userbyid(proowner), pg_get_functiondef(oid),
            (SELECT array_agg(acl::text ORDER BY acl::text) FROM unnest(proacl) AS acl)
        FROM pg_proc WHERE pronamespace::regnamespace::text IN {OURS} AND prokind <> 'a'
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')""",
    "statistics": f"""
        SELECT stxname, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxnamespace::regnamespace::text IN {OURS}""",
    "extension": "SELECT extname, extversion, extnamespace::regnamespace FROM pg_extension",
    "default privilege": """
        SELECT pg_get_userbyid(defaclrole), defaclnamespace::regnamespace, defaclobjtype,
            (SELECT array_agg(acl::text ORDER BY acl::text) FROM unnest(defaclacl) AS acl)
        FROM pg_default_acl""",
    "comment": """
        SELECT type, identity, description
        FROM pg_description CROSS JOIN LATERAL pg_identify_object(classoid, objoid, objsubid)
        WHERE identity ~ '^(public|cache|audit)\\M'""",
    "ledger": "SELECT version, description, sha256 FROM audit.schema_migration",
    "row of system_config": "SELECT config_key, config_value, description, config_type, is_active FROM system_config",
}


def catalogue(connection: psycopg.Connection) -> list[str]:
    """The database's objects, owners, privileges, comments, ledger and first rows, a line each: comparable across databases."""
    lines = []
    for what, query in QUERIES.items():
        found = connection.execute(query.encode()).fetchall()
        lines += [f"{what}: " + " | ".join(map(str, row)) for row in found]
    return sorted(lines)
