"""Writes chart/monitoring/dashboard.json: what it shows is said in the files beside this one."""

import json
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from harness import paths
from harness.dashboard import backups, kos, plan, pooler, queries, replication, resources, storage, traffic
from harness.dashboard.panels import DATASOURCE

UID = "billdb-postgresql"  # in the address of the dashboard, so that links to it hold
ROWS = {
    "Resources (자원)": resources,
    "Inquiries (요금조회)": traffic,
    "KOS (KOS 연동)": kos,
    "Queries (쿼리)": queries,
    "Storage and schema (스토리지)": storage,
    "Backups and certificates (백업)": backups,
    "Replication (복제)": replication,
    "Pooler (커넥션 풀)": pooler,
}


def main() -> None:
    """Write the file anew."""
    for file, text in documents().items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)


def documents() -> dict[Path, str]:
    """What the file should hold."""
    return {paths.DASHBOARD: json.dumps(_dashboard().build(), cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"}


def _dashboard() -> builders.Dashboard:
    whole = (
        builders.Dashboard("Bill inquiry database (PostgreSQL)")
        .uid(UID)
        .description("The PostgreSQL of the Bill-Inquiry service, as the billdb chart watches it.")
        .tags(["billdb", "postgresql"])
        .readonly()
        .timezone("browser")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .time("now-6h", "now")
        .refresh("1m")
        .variables([_datasource(), *_of_server()])
        .annotation(_alerts())
    )
    for panel in plan.panels():
        whole.with_panel(panel)
    for number, (title, row) in enumerate(ROWS.items(), start=1):
        whole.with_row(builders.Row(title).id(number))
        for panel in row.panels():
            whole.with_panel(panel)
    return whole


def _datasource() -> builders.DatasourceVariable:
    return builders.DatasourceVariable("datasource").label("Data source").type("prometheus").multi(False)


def _of_server() -> list[builders.QueryVariable]:
    # pg_up is there also while the server is not; only our exporters' series have the label `server`.
    namespaces = 'label_values(pg_up{server!=""}, namespace)'
    servers = 'label_values(pg_up{namespace="$namespace", server!=""}, server)'
    # A claim of another name (persistence.existingClaim) can be typed in. After a move there are two: the newer first.
    # CloudNativePG's instances have one each.
    volumes = 'kubelet_volume_stats_capacity_bytes{namespace="$namespace", persistentvolumeclaim=~"$server-(pvc.*|[0-9]+)"}'
    return [
        _variable("namespace", "Namespace", namespaces),
        _variable("server", "Server", servers),
        _variable("claim", "Volume claim", f"label_values({volumes}, persistentvolumeclaim)").sort(
            dashboard.VariableSort.NATURAL_DESC
        ),
    ]


def _variable(name: str, label: str, query: str) -> builders.QueryVariable:
    return (
        builders.QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query(query)
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
        .multi(False)
        .include_all(False)
    )


def _alerts() -> builders.AnnotationQuery:
    """A mark where an alert fired."""
    return (
        builders.AnnotationQuery()
        .name("Alerts")
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color("red")
        .expr('ALERTS{namespace="$namespace", alertname=~"Billdb.*", alertstate="firing"}')
    )


if __name__ == "__main__":
    main()
