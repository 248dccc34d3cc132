"""What a Prometheus would be answered, asked by a pod that stands where one would."""

import re
from dataclasses import dataclass

from harness.kubernetes import Cluster
from harness.on_cluster.pods import standing

HOST = "postgresql-bill-inquiry-metrics"
REQUEST = r"printf 'GET {path} HTTP/1.0\r\nHost: x\r\n\r\n'"
PLAIN = f"exec 3<>/dev/tcp/{HOST}/{{port}} && {REQUEST} >&3 && timeout 60 cat <&3"
CLIENT = f"openssl s_client -quiet -verify_hostname {HOST} -verify_return_error -CAfile /tmp/ca.crt"
TLS = f"({REQUEST}; sleep 3) | {CLIENT} -connect {HOST}:{{port}}"
SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass(frozen=True)
class Scrape:
    """The series of one answer."""

    series: Series

    def names(self) -> set[str]:
        """The names of the metrics."""
        return {name for name, _ in self.series}

    def of(self, name: str, **labels: str) -> list[float]:
        """The values of the series of this name that have these labels."""
        return [value for (found, has), value in self.series.items() if found == name and labels.items() <= dict(has).items()]

    def one(self, name: str, **labels: str) -> float:
        """The value of the only such series."""
        [value] = self.of(name, **labels)
        return value


def scrape(cluster: Cluster, pod: str = "prometheus", port: int = 9187, tls: bool = False, path: str = "/metrics") -> Scrape:
    """Ask the exporter from a pod that stands. Raises CommandError where nothing answers in ten seconds."""
    asked = TLS if tls else f"timeout 10 bash -c ':</dev/tcp/{HOST}/{{port}}' && {PLAIN}"
    command = asked.replace("{port}", str(port)).replace("{path}", path.replace("%", "%%"))
    return parse(cluster.kubectl("exec", pod, "--", "bash", "-c", command, timeout=120))


def parse(text: str) -> Scrape:
    """The series of an answer in Prometheus' text format."""
    found: Series = {}
    for line in text.splitlines():
        if sample := SAMPLE.match(line):
            labels = frozenset(LABEL.findall(sample["labels"] or ""))
            found[sample["name"], frozenset(pair for pair in labels if pair[0] != "server")] = float(sample["value"])
    return Scrape(found)


def prometheus(cluster: Cluster, name: str = "prometheus", labels: dict[str, str] | None = None) -> str:
    """Start a pod to ask from, with the labels by which the tests' policy lets in; returns its name."""
    return standing(cluster, name, {"app": "prometheus"} if labels is None else labels, {})
