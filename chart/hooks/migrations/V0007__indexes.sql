-- squawk-ignore-file require-concurrent-index-creation
-- (No released chart lacks these: the tables are empty when they come.)
-- Each serves queries of the service; none is on the JSON, which no query looks into. Figures: docs/schema.md.
-- The service counts with count(id), as Hibernate does: an index answers that alone only when it has the id.

-- Pages of one or more lines, newest first; counts of them by status and month from the index alone.
CREATE INDEX ix_bill_inquiry_history_line
ON bill_inquiry_history (line_number, request_time, status, inquiry_month) INCLUDE (id);
COMMENT ON INDEX ix_bill_inquiry_history_line IS 'Pages of lines, newest first; counts by status and by month';

-- Pages of all lines in a range, cache hits in a range, and retention.
CREATE INDEX ix_bill_inquiry_history_time ON bill_inquiry_history (request_time) INCLUDE (id, cache_hit);
COMMENT ON INDEX ix_bill_inquiry_history_time IS 'Pages and cache hits of a range; retention';

-- Slowest answers of a range: walked from the slow end, with the range checked in the index. Quick answers are not in it, so that
-- few updates have to maintain it; a threshold under half a second reads the range instead.
CREATE INDEX ix_bill_inquiry_history_slow ON bill_inquiry_history (kos_response_time_ms, request_time) INCLUDE (id)
WHERE kos_response_time_ms >= 500;
COMMENT ON INDEX ix_bill_inquiry_history_slow IS 'Slowest answers of a range, of half a second and more';

-- A few rows at any moment.
CREATE INDEX ix_bill_inquiry_history_processing ON bill_inquiry_history (request_time) WHERE status = 'PROCESSING';
COMMENT ON INDEX ix_bill_inquiry_history_processing IS 'Inquiries without an answer';

-- The calls of an inquiry, and the foreign key when one is deleted.
CREATE INDEX ix_kos_inquiry_history_request ON kos_inquiry_history (bill_request_id);
COMMENT ON INDEX ix_kos_inquiry_history_request IS 'Calls of an inquiry; its deletion';

CREATE INDEX ix_kos_inquiry_history_time ON kos_inquiry_history (request_time);
COMMENT ON INDEX ix_kos_inquiry_history_time IS 'Retention';
