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
