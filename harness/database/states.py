"""`nox -s state`: writes the schema that this chart installs, with rows, as the released state of its version.

tests/database/test_upgrade.py migrates each of these files to the newest schema. A released one is never written again.
"""

import gzip
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from harness import paths
from harness.database.hook import DATABASE, Hook
from harness.database.servers import Server, dump
from harness.local import docker
from harness.local.machine import MachineError
from harness.progress import say, step

STATES = paths.ROOT / "tests" / "database" / "states"
MAJOR = "14"
ROWS = """
INSERT INTO customer_info (customer_id, line_number, customer_name, operator_code, cached_at, expires_at) VALUES
('C1', '01011112222', '홍길동', 'KT', '2025-06-01 09:00', '2025-06-01 10:00'),
('C2', '01033334444', NULL, 'SKT', '2025-06-01 09:00', '2025-06-01 10:00');
INSERT INTO bill_inquiry_history
(request_id, user_id, line_number, inquiry_month, request_time, status, bill_info_json, cache_hit)
SELECT
    'R' || n, CASE WHEN n % 3 = 0 THEN 'U' || n END, '0101111' || lpad((n % 50)::text, 4, '0'),
    CASE WHEN n % 4 > 0 THEN '2025-' || lpad((n % 12 + 1)::text, 2, '0') END, '2025-06-01'::timestamp + n * '1 min'::interval,
    (ARRAY['PROCESSING', 'COMPLETED', 'FAILED', 'TIMEOUT'])[n % 4 + 1], jsonb_build_object('요금', n), n % 2 = 0
FROM generate_series(1, 500) AS n;
INSERT INTO kos_inquiry_history (bill_request_id, line_number, request_time, result_code, retry_count, circuit_breaker_state)
SELECT 'R' || n, '01011112222', '2025-06-01'::timestamp + n * '1 min'::interval, '0000', n % 3, 'CLOSED'
FROM generate_series(1, 500) AS n;
INSERT INTO kos_inquiry_history (line_number, error_detail) VALUES ('01011112222', 'no inquiry made this call');
INSERT INTO bill_info_cache (cache_key, line_number, inquiry_month, bill_info_json, expires_at)
VALUES ('01011112222:2025-06', '01011112222', '2025-06', '{"요금": 1}', '2025-06-01');
UPDATE system_config SET config_value = '6' WHERE config_key = 'bill.cache.ttl.hours';
INSERT INTO system_config (config_key, config_value) VALUES ('operators.own', 'kept');
DELETE FROM system_config WHERE config_key = 'kos.retry.delay.ms';
"""


def write() -> Path:
    """Install the chart's schema on a server, fill it and write it down; returns the file. Raises MachineError."""
    version = yaml.safe_load((paths.CHART / "Chart.yaml").read_text())["version"]
    target = STATES / f"{version}.sql.gz"
    with TemporaryDirectory() as folder, docker.engine([MAJOR]) as address:
        os.environ |= {"DOCKER_HOST": address, "TESTCONTAINERS_RYUK_DISABLED": "true"}
        server = Server(MAJOR, Path(folder) / "server")
        try:
            with step(f"install the schema of chart {version} and dump it"):
                Hook(server).apply()
                with server.connect() as connection:
                    connection.execute(ROWS.encode())
                STATES.mkdir(exist_ok=True)
                target.write_bytes(gzip.compress(dump(server, DATABASE).encode(), mtime=0))
        finally:
            server.stop()
    return target


if __name__ == "__main__":
    try:
        say(f"wrote {write().relative_to(paths.ROOT)}: commit it with the release")
    except MachineError as error:
        sys.exit(f"state: {error}")
