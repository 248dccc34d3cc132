"""Which series the queries of the panels select."""

from collections.abc import Mapping

SERVER = ('namespace="$namespace"', 'server="$server"')
# The StatefulSet counts its pods from 0, CloudNativePG from 1, with another name of the container; the exporter's pod has another
# kind of name.
POD = ('namespace="$namespace"', 'pod=~"$server-[0-9]+"', 'container=~"postgresql|postgres"')
CLAIM = ('namespace="$namespace"', 'persistentvolumeclaim="$claim"')
INTERVAL = "[$__rate_interval]"


def ours(metric: str, **labels: str) -> str:
    """A metric of the exporter, of the chosen server."""
    return _selected(metric, SERVER, labels)


def pooled(metric: str) -> str:
    """A metric of PgBouncer, of all pools but its own console's."""
    return _selected(metric, (*SERVER, 'database!="pgbouncer"'), {})


def pods(metric: str, **labels: str) -> str:
    """A metric of the kubelet or of kube-state-metrics, of the server's container."""
    return _selected(metric, POD, labels)


def claims(metric: str) -> str:
    """A metric of the kubelet, of the data's volume."""
    return _selected(metric, CLAIM, {})


def once(series: str, *by: str) -> str:
    """Their sum, also while two exporters tell the same because one replaces the other."""
    return f"max{_by(*by)}(sum{_by(*by, 'instance')}({series}))"


def per_second(counter: str) -> str:
    """How fast a counter grows. Its sum falls where pg_stat_statements drops an entry: to rate() it would have begun anew."""
    return f"clamp_min(deriv({counter}{INTERVAL}), 0)"


def or_zero(query: str) -> str:
    """0 where nothing is there to be counted, and nothing where there are no metrics at all."""
    return f"{query} or 0 * max({ours('pg_up')})"


def _by(*labels: str) -> str:
    return f" by ({', '.join(labels)}) " if labels else ""


def _selected(metric: str, always: tuple[str, ...], labels: Mapping[str, str]) -> str:
    matchers = [*always, *(f'{name}="{value}"' for name, value in labels.items())]
    return f"{metric}{{{', '.join(matchers)}}}"
