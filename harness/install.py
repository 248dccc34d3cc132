"""Installs the chart on a cluster and prints what the database then is, as the server itself tells it."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import yaml

from harness import evidence, image, paths, storage
from harness.commands import CommandError
from harness.errors import UserError
from harness.kubernetes import POD, Cluster
from harness.progress import say, step

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
BACKUP = """
SELECT format('  the last good one: %s, %s, %s ago',
    backup, pg_size_pretty(bytes), date_trunc('minute', clock_timestamp() - finished_at))
FROM audit.backup_run WHERE kind = 'backup' AND succeeded
ORDER BY finished_at DESC LIMIT 1
"""
CRONJOB = "cronjob/bill-inquiry-backup"


def install(cluster: Cluster, files: Sequence[Path] = ()) -> None:
    """Install the chart with these values files, or upgrade the release to it, run its tests, and print what there is.

    What the namespace told is kept and printed when that fails. Raises UserError.
    """
    say(f"{cluster.where()}: release {RELEASE}, namespace {cluster.namespace}")
    there = status(cluster)
    if ending := _ending(cluster, there):
        raise UserError(
            f"the release is in state {there}: a helm is at work on it, or was interrupted. If none is at work, end that with\n"
            f"  helm {' '.join(ending)} --namespace={cluster.namespace} --kubeconfig={relative(cluster.kubeconfig)}"
        )
    chosen = [*storage.presets(cluster), *files]
    verb = ["upgrade"] if there else ["install", "--create-namespace"]
    options = [f"--values={relative(file)}" for file in chosen]
    try:
        with step(" ".join(["helm", verb[0], RELEASE, "./chart", f"--namespace={cluster.namespace}", "--wait", *options])):
            cluster.helm(*verb, RELEASE, str(paths.CHART), "--wait", "--timeout=5m", *options)
        with step(f"helm test {RELEASE} --namespace={cluster.namespace}"):
            cluster.helm("test", RELEASE)
    except CommandError:
        say(evidence.keep(cluster, f"up-{cluster.namespace}"))
        raise
    print(report(cluster))


def end_interrupted(cluster: Cluster) -> None:
    """End what an interrupted helm left pending, so that the next may go on: volume and Secrets stay.

    For a cluster where nobody else can be at work on the release.
    """
    there = status(cluster)
    if ending := _ending(cluster, there):
        with step(f"end what was interrupted ({there}): helm {' '.join(ending)}"):
            cluster.helm(*ending)


def _ending(cluster: Cluster, state: str) -> list[str]:
    """helm's arguments that end a pending state, by the revision that was deployed or by none; nothing for another state."""
    if not state.startswith("pending") and state != "uninstalling":
        return []
    history = json.loads(cluster.helm("history", RELEASE, "--output=json"))
    deployed = [str(revision["revision"]) for revision in history if revision["status"] == "deployed"]
    return ["rollback", RELEASE, deployed[-1], "--wait"] if deployed else ["uninstall", RELEASE, "--wait"]


def status(cluster: Cluster) -> str:
    """The release's state as helm words it; nothing where the namespace has none."""
    try:
        found = cluster.helm("status", RELEASE, "--output=json")
    except CommandError as error:
        if "not found" in str(error):
            return ""
        raise
    return str(json.loads(found)["info"]["status"])


def report(cluster: Cluster) -> str:
    """What a person wants to see after an installation."""
    kubectl = f"{relative(paths.BIN / 'kubectl')} --kubeconfig {relative(cluster.kubeconfig)} -n {cluster.namespace}"
    return f"""
{cluster.sql("SELECT version()")}{ended(cluster.sql("SELECT current_setting('server_version_num')::int / 10000"))}
{image.of_pod(cluster.get(f"pod/{POD}"))}

Tables
{cluster.sql(TABLES)}

Settings in effect
{cluster.sql(SETTINGS)}

Backups
{backups(cluster, kubectl)}

Connect
  from inside its pod:   {kubectl} exec -it {POD} -- psql -U postgres -d bill_inquiry_db
  as the service does:   {SERVER}.{cluster.namespace}.svc.cluster.local:5432, TLS, role bill_inquiry_user, password:
                         {kubectl} get secret {SECRET} -o jsonpath='{{.data.{KEY}}}' | base64 -d
  from this machine:     {kubectl} port-forward service/postgresql-bill-inquiry 5432
"""


def ended(major: str, today: date | None = None) -> str:
    """A line that says so where a major version is past its end."""
    end = yaml.safe_load((paths.CHART / "end-of-life.yaml").read_text()).get(major)
    over = end is not None and date.fromisoformat(end) < (today or date.today())
    return (
        f"\nPostgreSQL {major} ended on {end}: nothing in it is mended any more; docs/upgrades.md is the way up" if over else ""
    )


def backups(cluster: Cluster, kubectl: str) -> str:
    """The last good backup and its age, when the next comes, and how to make one now."""
    last = cluster.sql(BACKUP) or "  none yet"
    found = cluster.kubectl("get", CRONJOB, "--ignore-not-found", "--output=jsonpath={.spec.schedule} ({.spec.timeZone})")
    if not found:
        return f"{last}\n  nobody makes any (backup.enabled is false)"
    return f"{last}\n  made at {found}; make one now: {kubectl} create job --from={CRONJOB} backup-$(date +%s)"


def relative(file: Path) -> Path:
    """The file as a person in this folder would type it."""
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
