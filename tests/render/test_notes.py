"""What helm tells after an installation: where the database is opened further than by default, and what may be too large."""

import json
import re
import subprocess
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
import yaml

from harness import paths
from harness.chart import Manifests, render
from harness.helm_template import PREVIEW
from harness.stub_cluster import serving
from tests.render.conftest import VARIANTS
from tests.render.reading import container, environment, of_component, schema_job, stateful_set
from tests.values.looking import CLASS, OURS, ROOT, claim

OPEN = {
    "NOBODY BACKS UP THIS DATABASE (backup.enabled is false)": {"backup": {"enabled": False}},
    "ON EVERY NODE (service.type is NodePort)": {"service": {"type": "NodePort"}},
    "WITHOUT A NETWORK POLICY (networkPolicy.enabled is false)": {"networkPolicy": {"enabled": False}},
    "WITHOUT TLS (tls.mode is disabled)": {"tls": {"mode": "disabled"}},
}


def notes(values: Mapping[str, object], kubeconfig: Path | None = None) -> str:
    """The notes of a first install with these values, on a cluster if one is given."""
    seen = ["--dry-run=server", "--disable-openapi-validation"] if kubeconfig else ["--dry-run=client"]
    target = ["billdb", str(paths.CHART), "--namespace=phonebill-dev", f"--kubeconfig={kubeconfig or '/dev/null'}"]
    command = [str(paths.BIN / "helm"), "install", *target, *seen]
    given = json.dumps(PREVIEW | dict(values))
    printed = subprocess.run([*command, "--values=-"], input=given, check=True, capture_output=True, text=True).stdout
    text = printed.partition("\nNOTES:\n")[2]
    assert text.startswith("PostgreSQL for ")
    return text


def password_of_the_repository(manifests: Manifests) -> tuple[str, str]:
    """The Secret and key that the backups read it from."""
    [cronjob] = [o for o in of_component(manifests, "CronJob", "backup") if o["metadata"]["name"].endswith("-backup")]
    volumes = cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"]
    [secret] = [volume["secret"] for volume in volumes if volume["name"] == "repository-password"]
    return secret["secretName"], secret["items"][0]["key"]


def warnings(values: dict[str, object]) -> list[str]:
    """The headings of the warnings: what stands before the colon of a line that begins in capitals. Not the end of 14's life."""
    found = re.findall(r"^([A-Z]{2}[A-Z ]*[^:]*):", notes(values), re.MULTILINE)
    return [heading for heading in found if not heading.startswith("POSTGRESQL 14 ENDED")]


@pytest.mark.parametrize("values", [{}, {"resources": None}, {"resources": {"limits": {"memory": "8Gi"}}}], ids=str)
def test_the_default_opens_nothing_further_and_memory_that_suffices_is_no_warning(values: dict[str, object]) -> None:
    assert warnings(values) == []


@pytest.mark.parametrize(("heading", "values"), OPEN.items(), ids=OPEN)
def test_a_value_that_opens_the_database_further_is_said(heading: str, values: dict[str, object]) -> None:
    assert warnings(values) == [heading]


@pytest.mark.parametrize("setting", [{"work_mem": "64MB"}, {"work_mem": 65536}, {"max_connections": 1600}], ids=str)
def test_work_mem_that_all_connections_may_not_have_at_once_is_warned_of_and_not_refused(setting: dict[str, object]) -> None:
    values: dict[str, object] = {"postgresql": {"parameters": setting}}
    assert warnings(values) == ["WARNING"]
    found = "shared_buffers with one work_mem for each of max_connections are 6656Mi."
    assert f"WARNING: resources.limits.memory is 2Gi, and {found}" in notes(values)


@pytest.mark.parametrize("variant", ["defaults", "everything on", "another name", "a Secret a role", "brought along"])
def test_whatever_the_notes_name_is_there(variant: str) -> None:
    manifests, told = render(VARIANTS[variant]), notes(VARIANTS[variant])
    server = environment(container(manifests, "test"))
    assert told.startswith(f"PostgreSQL for {server['PGDATABASE']}: {server['PGHOST']}:{server['PGPORT']}\n")
    [volumes] = [pod["spec"]["volumes"] for name, pod in manifests.pods().items() if name.endswith("-db-test")]
    sources = [source["secret"] for volume in volumes for source in volume.get("projected", {}).get("sources", ())]
    mounted = [(source["name"], source["items"][0]["key"]) for source in sources]
    mounted += [(volume["secret"]["secretName"], "ca.crt") for volume in volumes if "secret" in volume]
    mounted += [password_of_the_repository(manifests)]
    named = re.findall(r"get secret -n phonebill-dev (\S+) -o jsonpath='{\.data\.(\S+)}'", told)
    assert [(name, key.replace("\\.", ".")) for name, key in named] == mounted
    assert re.findall(r"\bjob/(\S+)$", told, re.MULTILINE) == [schema_job(manifests)["metadata"]["name"]]
    cronjobs = set(re.findall(r"cronjob/(\S+)", told))
    assert cronjobs < {o["metadata"]["name"] for o in manifests.of("CronJob")}
    assert len(cronjobs) == (3 if "Snapshots of the volume" in told else 2)
    assert f" {stateful_set(manifests)['metadata']['name']}-0 -- psql -U postgres -d {server['PGDATABASE']}\n" in told
    [data] = [
        volume for volume in stateful_set(manifests)["spec"]["template"]["spec"]["volumes"] if volume["name"] == "postgresql-data"
    ]
    assert f"keeps the volume ({data['persistentVolumeClaim']['claimName']}), the backups, the passwords" in told


def test_it_is_said_that_nothing_is_deleted() -> None:
    told = notes({"retention": {"enabled": False}})
    assert "Nothing deletes old history and expired cache entries (retention.enabled is false)." in told
    assert "delete" not in " ".join(re.findall(r"cronjob/(\S+)", told))


@pytest.mark.parametrize(("variant", "place"), [
    ("defaults", "0 2 * * * (Asia/Seoul) to the volume postgresql-bill-inquiry-backup-pvc."),
    ("brought along", "0 2 * * * (Asia/Seoul) to the volume my-backups."),
    ("everything on", "@daily (UTC) to s3:https://store.example.com:9000/backups/orders/nightly."),
    ("backups to Azure", "0 2 * * * (Asia/Seoul) to azure:backups:/billdb."),
])  # fmt: skip
def test_it_is_said_where_and_when_backups_are_made(variant: str, place: str) -> None:
    assert f"\nBacked up, encrypted, at {place} Make a backup now:\n  kubectl create job -n phonebill-dev" in notes(
        VARIANTS[variant]
    )


def test_a_key_with_a_dot_is_named_as_kubectl_reads_it() -> None:
    told = notes({"backup": {"repository": {"passwordSecret": "mine", "passwordSecretKey": "a.b.c"}}})
    assert r"kubectl get secret -n phonebill-dev mine -o jsonpath='{.data.a\.b\.c}' | base64 -d" in told


def test_without_backups_nothing_is_said_of_their_password() -> None:
    told = notes({"backup": {"enabled": False}})
    assert "repository" not in told
    assert "keeps the volume (postgresql-bill-inquiry-pvc), the passwords" in told


def test_a_volume_that_grows_is_said_to_bar_the_way_back() -> None:
    with serving([ROOT, CLASS, claim()]) as kubeconfig:
        assert "THE VOLUME GROWS" not in notes({}, kubeconfig)
        assert "\nTHE VOLUME GROWS from 20Gi to 21Gi and cannot shrink" in notes({"persistence": {"size": "21Gi"}}, kubeconfig)


@pytest.mark.parametrize("major", ["14", "15", "16", "17", "18"])
def test_a_major_version_is_said_to_be_over_from_its_last_day_on(major: str) -> None:
    end = yaml.safe_load((paths.CHART / "end-of-life.yaml").read_text())[major]
    told = f"POSTGRESQL {major} ENDED on {end}: nothing in it is mended any more"
    assert (told in notes({"image": {"tag": major}})) == (date.fromisoformat(end) < date.today())


def test_nothing_is_said_of_the_end_of_an_image_that_its_tag_does_not_tell() -> None:
    assert "ENDED" not in notes({"image": {"digest": f"sha256:{64 * 'a'}"}})


def test_a_claim_that_a_move_left_is_named_with_the_way_to_be_rid_of_it() -> None:
    first, new = claim(), claim("postgresql-bill-inquiry-pvc-18", OURS | {"billdb/moved-from": "postgresql-bill-inquiry-pvc"})
    values = {"image": {"tag": "18"}, "persistence": {"volume": "18"}}
    with serving([ROOT, CLASS, first, new]) as kubeconfig:
        assert "kubectl delete pvc -n phonebill-dev postgresql-bill-inquiry-pvc\n" in notes(values, kubeconfig)
    with serving([ROOT, CLASS, new]) as kubeconfig:
        assert "THE DATA WERE MOVED" not in notes(values, kubeconfig)


def test_the_notes_say_which_alerts_fire_at_once_and_which_never_can() -> None:
    rules: dict[str, object] = {"enabled": True, "kind": "ConfigMap"}
    nothing, ended = (
        "THE ALERTS' RULES HAVE NOTHING TO READ (metrics.enabled is false)",
        "BilldbEndOfLife tells of that from the first hour",
    )
    assert nothing not in notes({})
    assert ended not in notes({})
    found = notes({"metrics": {"alerts": rules}})
    assert f"{nothing}: of those in ConfigMap postgresql-bill-inquiry-alerts BilldbMetricsMissing always fires" in found
    assert ended in found
    found = notes({"metrics": {"enabled": True, "alerts": rules | {"exclude": ["BilldbEndOfLife"]}}})
    assert nothing not in found
    assert ended not in found
    assert ended not in notes({"image": {"tag": "18"}, "metrics": {"enabled": True, "alerts": rules}})


def test_the_notes_say_that_runbooks_without_an_address_lead_nowhere() -> None:
    said = "Alerts name their runbooks by a path (docs/runbooks/NAME.md), which leads nowhere from a telephone"
    alerts = {"enabled": True, "kind": "ConfigMap"}
    assert said in notes({"metrics": {"enabled": True, "alerts": alerts}})
    address = {"runbooks": "https://wiki.example.com/billdb"}
    assert "runbooks" not in notes({"metrics": {"enabled": True, "alerts": alerts | address}})
    assert "runbooks" not in notes({"metrics": {"enabled": True}})


def test_the_notes_say_where_the_metrics_are_or_that_nobody_watches() -> None:
    host = "postgresql-bill-inquiry-metrics.phonebill-dev.svc.cluster.local"
    assert "Nobody watches this database by metrics (metrics.enabled is false)." in notes({})
    found = notes({"metrics": {"enabled": True, "scrape": "annotations"}})
    assert f"Metrics for Prometheus (annotations): http://{host}:9187/metrics" in found
    found = notes({"metrics": {"enabled": True, "tls": {"enabled": True}}})
    assert (
        f"Metrics for Prometheus (no monitor or annotations: it is to find them by itself): https://{host}:9187/metrics" in found
    )
