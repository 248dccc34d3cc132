"""Installs the chart on a cluster and prints what the database then is, as the server itself tells it."""

import json
from pathlib import Path

from harness import paths
from harness.kubernetes import POD, Cluster, CommandError
from harness.progress import step

RELEASE = "billdb"
NAMESPACE = "phonebill-dev"
SERVER = "postgresql-bill-inquiry"
SECRET, KEY = f"{SERVER}-secret", "bill-inquiry-user-password"
TABLES = """
SELECT format('  %-30s %6s rows', oid::regclass,
    (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s', oid::regclass), false, true, '')))[1])
FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'cache', 'audit')
ORDER BY relnamespace::regnamespace::text DESC, relname
"""
SETTINGS = """
SELECT format('  %-30s %s', name, current_setting(name)) FROM pg_settings
WHERE source IN ('configuration file', 'command line') AND name !~ '_file$|directory|directories'
ORDER BY name
"""


def install(kubeconfig: Path) -> None:
    """Install the chart, or upgrade the release to it, run its tests, and print what there is and how to connect."""
    cluster = Cluster(kubeconfig, NAMESPACE)
    verb = ["upgrade"] if exists(cluster) else ["install", "--create-namespace"]
    with step(f"helm {verb[0]} {RELEASE} ./chart -n {NAMESPACE} --wait"):
        cluster.helm(*verb, RELEASE, str(paths.CHART), "--wait", "--timeout=5m")
    with step(f"helm test {RELEASE} -n {NAMESPACE}"):
        cluster.helm("test", RELEASE)
    print(report(cluster, kubeconfig))


def end_interrupted(kubeconfig: Path) -> None:
    """End what an interrupted helm left pending, so that the next may go on: volume and Secrets stay.

    For a cluster where nobody else can be at work on the release.
    """
    cluster = Cluster(kubeconfig, NAMESPACE)
    if not exists(cluster):
        return
    status = json.loads(cluster.helm("status", RELEASE, "--output=json"))["info"]["status"]
    if status in ("pending-install", "uninstalling"):
        with step(f"end the interrupted installation ({status})"):
            cluster.helm("uninstall", RELEASE, "--wait")
    elif status in ("pending-upgrade", "pending-rollback"):
        with step(f"go back from the interrupted upgrade ({status})"):
            cluster.helm("rollback", RELEASE, "--wait", "--timeout=5m")


def exists(cluster: Cluster) -> bool:
    """Whether the namespace has the release, in whatever state."""
    try:
        cluster.helm("status", RELEASE)
    except CommandError as error:
        if "not found" in str(error):
            return False
        raise
    return True


def report(cluster: Cluster, kubeconfig: Path) -> str:
    """What a person wants to see after an installation."""
    kubectl = f"{_relative(paths.BIN / 'kubectl')} --kubeconfig {_relative(kubeconfig)} -n {cluster.namespace}"
    return f"""
{cluster.sql("SELECT version()")}

Tables
{cluster.sql(TABLES)}

Settings in effect
{cluster.sql(SETTINGS)}

Connect
  from inside its pod:   {kubectl} exec -it {POD} -- psql -U postgres -d bill_inquiry_db
  as the service does:   {SERVER}.{cluster.namespace}.svc.cluster.local:5432, TLS, role bill_inquiry_user, password:
                         {kubectl} get secret {SECRET} -o jsonpath='{{.data.{KEY}}}' | base64 -d
  from this machine:     {kubectl} port-forward service/postgresql-bill-inquiry 5432
"""


def _relative(file: Path) -> Path:
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
