"""What the service and the install plan need of the five tables, written down apart from the migrations."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """A column: its type as PostgreSQL writes it, whether null is refused, what values besides are refused, its default."""

    type: str
    required: bool = False
    values: tuple[str, ...] = ()
    month: bool = False
    least: int | None = None
    default: Any = None

    @property
    def length(self) -> int | None:
        """Characters that a VARCHAR holds."""
        return int(self.type[18:-1]) if self.type.startswith("character varying(") else None


def text(length: int, required: bool = False, **more: Any) -> Column:
    """A VARCHAR of this length."""
    return Column(f"character varying({length})", required, **more)


NOW = Column("timestamp without time zone", required=True, default="now")
TIME = Column("timestamp without time zone")
DUE = Column("timestamp without time zone", required=True)
ID = Column("bigint", required=True, default="generated")
JSON = Column("jsonb")
TEXT = Column("text")
NUMBER = Column("bigint")
LINE = text(20, required=True)
MONTH = text(7, month=True)
STAMPS = {"created_at": NOW, "updated_at": NOW}

TABLES: dict[str, dict[str, Column]] = {
    "customer_info": {
        "customer_id": text(50, required=True),
        "line_number": LINE,
        "customer_name": text(100),
        "status": text(10, required=True, values=("ACTIVE", "INACTIVE"), default="ACTIVE"),
        "operator_code": text(10, required=True),
        "cached_at": NOW,
        "expires_at": DUE,
        **STAMPS,
    },
    "bill_inquiry_history": {
        "id": ID,
        "request_id": text(50, required=True),
        "user_id": text(50),
        "line_number": LINE,
        "inquiry_month": MONTH,
        "request_time": NOW,
        "process_time": TIME,
        "status": text(20, required=True, values=("PROCESSING", "COMPLETED", "FAILED", "TIMEOUT"), default="PROCESSING"),
        "result_summary": TEXT,
        "bill_info_json": JSON,
        "kos_response_time_ms": NUMBER,
        "cache_hit": Column("boolean"),
        "error_code": text(50),
        "error_message": TEXT,
        **STAMPS,
    },
    "kos_inquiry_history": {
        "id": ID,
        "bill_request_id": text(50),
        "line_number": LINE,
        "inquiry_month": MONTH,
        "request_time": NOW,
        "response_time": TIME,
        "result_code": text(10),
        "result_message": TEXT,
        "kos_data_json": JSON,
        "error_detail": TEXT,
        "retry_count": Column("integer", required=True, least=0, default=0),
        "circuit_breaker_state": text(20, values=("CLOSED", "OPEN", "HALF_OPEN")),
        **STAMPS,
    },
    "bill_info_cache": {
        "cache_key": text(100, required=True),
        "line_number": LINE,
        "inquiry_month": text(7, required=True, month=True),
        "bill_info_json": Column("jsonb", required=True),
        "cached_at": NOW,
        "expires_at": DUE,
        "access_count": Column("integer", required=True, least=1, default=1),
        "last_accessed_at": NOW,
    },
    "system_config": {
        "config_key": text(100, required=True),
        "config_value": Column("text", required=True),
        "description": text(500),
        "config_type": text(20, required=True, values=("STRING", "INTEGER", "BOOLEAN", "JSON"), default="STRING"),
        "is_active": Column("boolean", required=True, default=True),
        **STAMPS,
    },
}
UNIQUE = {
    ("bill_info_cache", "cache_key"),
    ("bill_inquiry_history", "id"),
    ("bill_inquiry_history", "request_id"),
    ("customer_info", "customer_id"),
    ("customer_info", "line_number"),
    ("kos_inquiry_history", "id"),
    ("system_config", "config_key"),
}
SETTINGS = {
    "bill.cache.ttl.hours": "4",
    "bill.customer.cache.ttl.hours": "1",
    "bill.inquiry.available.months": "24",
    "kos.connection.timeout.ms": "30000",
    "kos.read.timeout.ms": "60000",
    "kos.retry.max.attempts": "3",
    "kos.retry.delay.ms": "1000",
    "circuit.breaker.failure.threshold": "5",
    "circuit.breaker.recovery.timeout.ms": "60000",
    "circuit.breaker.success.threshold": "3",
    "mvno.connection.timeout.ms": "10000",
    "bill.history.retention.days": "730",
    "kos.history.retention.days": "365",
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "customer_info": {"customer_id": "C1", "line_number": "01012345678", "operator_code": "KT", "expires_at": "2026-01-01"},
    "bill_inquiry_history": {"request_id": "R1", "line_number": "01012345678"},
    "kos_inquiry_history": {"line_number": "01012345678"},
    "bill_info_cache": {
        "cache_key": "k",
        "line_number": "0",
        "inquiry_month": "2025-06",
        "bill_info_json": "{}",
        "expires_at": "2026-01-01",
    },
    "system_config": {"config_key": "k", "config_value": "v"},
}
