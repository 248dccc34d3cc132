"""helm install --wait until the schema is there, beside the plan's procedure with kubectl; and an upgrade without a change."""

from benchmarks import machine, tables, turns
from benchmarks.moments import STAGES, Moments
from benchmarks.namespace import empty, namespace
from benchmarks.results import Section
from harness import paths
from harness.kubernetes import Cluster

BY_HAND, HELM, UPGRADE = (
    "the plan's steps with kubectl, of the same objects",
    "helm install --wait",
    "helm upgrade --wait, nothing changed",
)


def measure(number: int) -> Section:
    """Tables: installation beside the plan's steps; the stages of an installation; an upgrade that changes nothing."""
    with namespace("billdb-bench") as cluster:
        trial = _Trial(cluster)
        trial.helm()  # to warm up
        trial.forget()
        for turn in range(number):
            for way in turns.order((trial.helm, trial.by_hand), turn):
                empty(cluster)
                way()
    text = [
        tables.of_seconds(
            "An installation, to a created schema", {name: trial.seconds[name] for name in (BY_HAND, HELM)}, BY_HAND
        ),
        tables.of_seconds("Where the time of helm install goes", {stage: trial.seconds[stage] for stage in STAGES}),
        tables.of_seconds("An upgrade that changes nothing", {UPGRADE: trial.seconds[UPGRADE]}),
    ]
    return Section("\n\n".join(text), trial.server)


class _Trial:
    """Both ways to install, each of which notes its seconds."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.objects = cluster.helm("template", "billdb", str(paths.CHART), "--dry-run=server")
        self.forget()

    def forget(self) -> None:
        """Begin with no seconds."""
        self.seconds: dict[str, list[float]] = {name: [] for name in (BY_HAND, HELM, UPGRADE, *STAGES)}

    def helm(self) -> None:
        """Install with helm, upgrade and uninstall."""
        with Moments(self.cluster) as moments:
            self._note(HELM, "install")
        for stage, seconds in moments.stages().items():
            self.seconds[stage].append(seconds)
        self._note(UPGRADE, "upgrade")
        self.server = machine.server(self.cluster.sql("SELECT version()"))
        self.cluster.helm("uninstall", "billdb", "--wait")

    def _note(self, name: str, verb: str) -> None:
        self.seconds[name].append(turns.seconds(lambda: self.cluster.helm(verb, "billdb", str(paths.CHART), "--wait")))

    def by_hand(self) -> None:
        """Install with kubectl."""
        self.seconds[BY_HAND].append(turns.seconds(self._apply))

    def _apply(self) -> None:
        """Section 7.2 of the plan: configuration, volume, server, Service, each looked at, then the Job and its log."""
        documents = [document for document in self.objects.split("\n---") if "helm.sh/hook: test" not in document]
        job = [document for document in documents if "\nkind: Job\n" in document]
        rest = [document for document in documents if document not in job]
        self.cluster.kubectl("apply", "--filename=-", stdin="\n---".join(rest))
        self.cluster.kubectl("rollout", "status", "statefulset/postgresql-bill-inquiry", "--timeout=120s")
        self.cluster.kubectl("apply", "--filename=-", stdin="\n---".join(job))
        self.cluster.kubectl("wait", "job/bill-inquiry-db-init", "--for=condition=Complete", "--timeout=120s")
