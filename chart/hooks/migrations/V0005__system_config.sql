-- Who changed a setting of the service, when, from what to what. The trigger writes with the owner's rights: the service's role
-- cannot reach the table.

CREATE TABLE audit.system_config_history (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    changed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    changed_by TEXT NOT NULL DEFAULT session_user,
    operation TEXT NOT NULL,
    config_key TEXT NOT NULL,
    old_row JSONB,
    new_row JSONB,
    application TEXT DEFAULT current_setting('application_name'),
    client_address INET DEFAULT inet_client_addr(),
    CONSTRAINT pk_system_config_history PRIMARY KEY (id)
);
COMMENT ON TABLE audit.system_config_history IS 'Changes of system_config (시스템 설정 변경 이력); written by triggers';
COMMENT ON COLUMN audit.system_config_history.id IS 'Generated key';
COMMENT ON COLUMN audit.system_config_history.changed_at IS 'When the row changed';
COMMENT ON COLUMN audit.system_config_history.changed_by IS 'The role that had logged in';
COMMENT ON COLUMN audit.system_config_history.operation IS 'INSERT, UPDATE, DELETE or TRUNCATE';
COMMENT ON COLUMN audit.system_config_history.config_key IS 'Name of the setting; its old name where that changed';
COMMENT ON COLUMN audit.system_config_history.old_row IS 'The row before; null for INSERT';
COMMENT ON COLUMN audit.system_config_history.new_row IS 'The row after; null for DELETE and TRUNCATE';
COMMENT ON COLUMN audit.system_config_history.application IS 'What the client calls itself';
COMMENT ON COLUMN audit.system_config_history.client_address IS 'Address of the client; null on the socket';

CREATE FUNCTION audit.record_system_config() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF tg_op = 'TRUNCATE' THEN
        INSERT INTO audit.system_config_history (operation, config_key, old_row)
        SELECT tg_op, config_key, to_jsonb(lost) FROM public.system_config AS lost;
    ELSE
        INSERT INTO audit.system_config_history (operation, config_key, old_row, new_row)
        VALUES (tg_op, coalesce(OLD.config_key, NEW.config_key), to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION audit.record_system_config() IS 'Trigger: writes changes of system_config to audit.system_config_history';

CREATE TRIGGER system_config_history AFTER INSERT OR UPDATE OR DELETE ON system_config
FOR EACH ROW EXECUTE FUNCTION audit.record_system_config();

CREATE TRIGGER system_config_history_truncate BEFORE TRUNCATE ON system_config
FOR EACH STATEMENT EXECUTE FUNCTION audit.record_system_config();

-- First values only: a row that an operator changed or added stays as it is.
INSERT INTO system_config (config_key, config_value, description, config_type) VALUES
('bill.cache.ttl.hours', '4', '요금정보 캐시 TTL (시간)', 'INTEGER'),
('bill.customer.cache.ttl.hours', '1', '고객정보 캐시 TTL (시간)', 'INTEGER'),
('bill.inquiry.available.months', '24', '요금조회 가능 기간 (개월)', 'INTEGER'),
('kos.connection.timeout.ms', '30000', 'KOS 연결 타임아웃 (밀리초)', 'INTEGER'),
('kos.read.timeout.ms', '60000', 'KOS 읽기 타임아웃 (밀리초)', 'INTEGER'),
('kos.retry.max.attempts', '3', 'KOS 최대 재시도 횟수', 'INTEGER'),
('kos.retry.delay.ms', '1000', 'KOS 재시도 간격 (밀리초)', 'INTEGER'),
('circuit.breaker.failure.threshold', '5', '서킷 브레이커를 여는 실패 횟수', 'INTEGER'),
('circuit.breaker.recovery.timeout.ms', '60000', '서킷 브레이커 복구 대기 시간 (밀리초)', 'INTEGER'),
('circuit.breaker.success.threshold', '3', '서킷 브레이커를 닫는 성공 횟수', 'INTEGER'),
('mvno.connection.timeout.ms', '10000', 'MVNO 연결 타임아웃 (밀리초)', 'INTEGER'),
('bill.history.retention.days', '730', '요금조회 이력 보관 기간 (일)', 'INTEGER'),
('kos.history.retention.days', '365', 'KOS 연동 이력 보관 기간 (일)', 'INTEGER')
ON CONFLICT (config_key) DO NOTHING;
