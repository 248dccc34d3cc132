-- What loading and work share, in a schema of the benchmark's own.
CREATE SCHEMA bench;

-- One of 200,000 lines by its rank; rank 0 is the busiest. Digits only, so that pgbench can bind it as it is.
CREATE FUNCTION bench.line(rank BIGINT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS
$$ SELECT (821000000000 + (rank * 7919 + 1234567) % 100000000)::text $$;

-- Busy lines are drawn more often: the first one has 0.2 % of all rows, the one in the middle 0.0004 %.
CREATE FUNCTION bench.any_line() RETURNS TEXT LANGUAGE sql VOLATILE AS
$$ SELECT bench.line(floor(200000 * random() ^ 2)::bigint) $$;

-- One of 100 busy lines that ended with April 2025, each with 0.04 % of all rows; until then 16 % of the inquiries are theirs.
CREATE FUNCTION bench.ended_line(number BIGINT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS
$$ SELECT (820000000000 + number)::text $$;

CREATE FUNCTION bench.line_at(requested TIMESTAMP) RETURNS TEXT LANGUAGE sql VOLATILE AS
$$
SELECT
    CASE WHEN requested < '2025-05-01' AND random() < 0.16 THEN bench.ended_line(floor(100 * random())::bigint) ELSE bench.any_line() END
$$;

CREATE FUNCTION bench.request_id(number BIGINT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS
$$ SELECT md5('request ' || number)::uuid::text $$;

CREATE FUNCTION bench.below(bound INTEGER) RETURNS INTEGER LANGUAGE sql VOLATILE AS
$$ SELECT floor(bound * random())::integer $$;

-- A bill, about 1 kB as PostgreSQL stores it.
CREATE FUNCTION bench.document(number BIGINT, line TEXT, month TEXT) RETURNS JSONB LANGUAGE sql VOLATILE AS
$$
SELECT format(
    '{"lineNumber":"%s","billingMonth":"%s","totalFee":%s,"unpaidFee":%s,'
    '"product":{"code":"LTE%s","name":"5G 프리미어 에센셜","baseFee":%s,"contractEnd":"%s-28"},'
    '"discounts":[{"code":"D01","name":"선택약정 할인 25%%","amount":-%s},{"code":"D07","name":"가족결합 할인","amount":-%s}],'
    '"usage":{"voiceSeconds":%s,"smsCount":%s,"dataKilobytes":%s},'
    '"terminal":{"model":"SM-S92%s","installmentFee":%s,"remainingMonths":%s,"penalty":%s},'
    '"extraServices":[{"code":"V31","name":"통화연결음","fee":990}],'
    '"payment":{"method":"CARD","due":"%s-25"},"kos":{"transaction":"%s","resultCode":"0000"}}',
    line, month, 20000 + bench.below(90000), bench.below(3) * 1100, bench.below(80), 33000 + bench.below(9) * 11000, month,
    bench.below(22000), bench.below(11000), bench.below(36000), bench.below(300), bench.below(20000000),
    bench.below(9), bench.below(60000), bench.below(30), bench.below(400000), month, bench.request_id(-number)
)::jsonb
$$;
