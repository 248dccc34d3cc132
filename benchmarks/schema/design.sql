-- The index set that the design lists; the service's tables with nothing else than their keys.
CREATE INDEX ON bill_inquiry_history (user_id, line_number);
CREATE INDEX ON bill_inquiry_history (request_time DESC);
CREATE INDEX ON bill_inquiry_history (status);
CREATE INDEX ON bill_inquiry_history (inquiry_month);
CREATE INDEX ON bill_inquiry_history USING gin (bill_info_json);

CREATE INDEX ON kos_inquiry_history (line_number, inquiry_month);
CREATE INDEX ON kos_inquiry_history (request_time DESC);
CREATE INDEX ON kos_inquiry_history (result_code);
CREATE INDEX ON kos_inquiry_history (bill_request_id);
CREATE INDEX ON kos_inquiry_history USING gin (kos_data_json);

CREATE INDEX ON bill_info_cache (line_number, inquiry_month);
CREATE INDEX ON bill_info_cache (expires_at);
CREATE INDEX ON bill_info_cache USING gin (bill_info_json);

CREATE INDEX ON system_config (is_active);
CREATE INDEX ON system_config (config_type);
