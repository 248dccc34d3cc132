-- What the service asks, as it asks it, and with its privileges: each has to be answered, whatever the rows are.
SELECT
    coalesce(max(line_number), '') AS line, coalesce(max(request_id), '') AS request, coalesce(max(inquiry_month), '') AS month,
    coalesce(min(request_time), now()::timestamp) AS oldest, coalesce(max(request_time), now()::timestamp) AS newest
FROM public.bill_inquiry_history
\gset
SELECT * FROM public.bill_inquiry_history WHERE request_id = :'request';
SELECT * FROM public.bill_inquiry_history WHERE line_number = :'line' ORDER BY request_time DESC LIMIT 20;
SELECT * FROM public.bill_inquiry_history WHERE line_number IN (:'line', '') AND status = 'COMPLETED' ORDER BY request_time DESC LIMIT 20;
SELECT count(*) FROM public.bill_inquiry_history WHERE line_number IN (:'line', '') AND status = 'COMPLETED';
SELECT * FROM public.bill_inquiry_history WHERE request_time BETWEEN :'oldest' AND :'newest' ORDER BY request_time DESC LIMIT 20;
SELECT * FROM public.bill_inquiry_history
WHERE line_number = :'line' AND status = 'FAILED' AND request_time BETWEEN :'oldest' AND :'newest'
ORDER BY request_time DESC
LIMIT 20;
SELECT * FROM public.bill_inquiry_history
WHERE kos_response_time_ms > 3000 AND request_time BETWEEN :'oldest' AND :'newest'
ORDER BY kos_response_time_ms DESC
LIMIT 20;
SELECT * FROM public.bill_inquiry_history WHERE status = 'PROCESSING' AND request_time < :'newest';
SELECT status, count(*) FROM public.bill_inquiry_history WHERE line_number = :'line' AND request_time >= :'oldest' GROUP BY status;
SELECT count(*) FROM public.bill_inquiry_history WHERE line_number = :'line' AND inquiry_month = :'month';
SELECT count(*) FROM public.bill_inquiry_history WHERE cache_hit AND request_time BETWEEN :'oldest' AND :'newest';
SELECT * FROM public.kos_inquiry_history WHERE bill_request_id = :'request';
SELECT * FROM public.bill_info_cache WHERE line_number = :'line';
SELECT * FROM public.customer_info WHERE line_number = :'line';
SELECT config_key, config_value, config_type FROM public.system_config WHERE is_active;
