-- billdb: superuser
-- Extensions belong to a superuser; schemas and who may use them are ownership.sql's and privileges.sql's.
CREATE EXTENSION IF NOT EXISTS "uuid-ossp";
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

COMMENT ON SCHEMA public IS 'Business tables of the Bill-Inquiry service (비즈니스 테이블)';
COMMENT ON SCHEMA cache IS 'Cache data beside Redis (캐시 데이터)';
COMMENT ON SCHEMA audit IS 'Audit and history: who changed what, and when (감사 및 이력)';
