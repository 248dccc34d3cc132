"""Documents that show what the tests check, held to it."""

import re

import yaml

from harness import alerts_table, metrics_table, paths
from harness.on_cluster import clients
from harness.on_cluster.release import merged
from tests.render import alerting


def test_the_table_of_clients_in_the_document_is_the_one_that_is_tested() -> None:
    text = (paths.ROOT / "docs" / "security.md").read_text()
    shown = text.partition("<!-- clients -->\n")[2].partition("<!-- end of clients -->")[0]
    assert shown == clients.document() + "\n", "write it anew: python -m harness.on_cluster.clients"


def test_the_table_of_metrics_in_the_document_is_made_of_the_queries() -> None:
    assert metrics_table.DOCUMENT.read_text() == metrics_table.document(), "write it anew: python -m harness.metrics_table"


def test_the_table_of_alerts_in_the_document_is_what_the_rules_and_values_say() -> None:
    assert alerts_table.DOCUMENT.read_text() == alerts_table.document(), "write it anew: python -m harness.alerts_table"


def test_the_example_of_tuned_alerts_is_taken_as_it_stands() -> None:
    [example] = re.findall(r"^```yaml\n(metrics:.*?)^```$", alerts_table.DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    given = merged(alerting.ALL, yaml.safe_load(example))
    found = alerting.rules(given)
    assert found["BilldbCPU"]["for"] == "30m"
    assert "> 50 * 3600" in found["BilldbBackupOverdue"]["expr"]
    assert "BilldbEndOfLife" not in found
    assert found["BilldbCPU"]["annotations"]["runbook_url"] == "https://wiki.example.com/billdb/BilldbCPU.md"
