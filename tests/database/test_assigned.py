"""The image profile `assigned`: the server runs as a user id that no image knows, as OpenShift assigns one a namespace.

OpenShift's container runtime adds a line for that id to /etc/passwd, with the number as its name; here the file is mounted.
"""

from pathlib import Path

import pytest
from testcontainers.core.container import DockerContainer

from harness.chart import render
from harness.local.images import POSTGRES_IMAGE
from tests.database.versions import NEWEST, OLDEST

USER = 1000660000
SCRIPT = """
bash /etc/postgresql/prepare-volume.sh
bash /etc/postgresql/start-server.sh --listen_addresses= &
until pg_isready --quiet --host=/var/run/postgresql; do sleep 0.1; done
for role in postgres bill_monitoring_user; do
  PGHOST=/var/run/postgresql PGUSER=$role PGDATABASE=postgres psql --no-psqlrc --tuples-only --no-align \\
    --command='SELECT session_user' 2>&1 | sed "s/^/asked as $role: /"
done
"""


@pytest.mark.parametrize("major", [OLDEST, NEWEST])  # the scripts, and the user's line in the image
def test_a_user_id_that_the_cluster_assigns_owns_the_data_and_is_the_superuser_on_the_socket(
    engine: None, tmp_path: Path, major: str
) -> None:
    values = {"tls": {"mode": "disabled"}, "image": {"profile": "assigned"}}
    (tmp_path / "config").mkdir()
    for name, content in render(values)["ConfigMap", "postgresql-bill-inquiry-config"]["data"].items():
        (tmp_path / "config" / name).write_text(content)
    (tmp_path / "password").write_text("secret")
    (tmp_path / "passwd").write_text(f"root:x:0:0:root:/root:/bin/bash\n{USER}:x:{USER}:0:{USER} user:/:/sbin/nologin\n")
    container = DockerContainer(POSTGRES_IMAGE.format(tag=major)).with_command(["bash", "-c", SCRIPT])
    for file, place in {"config": "/etc/postgresql", "password": "/password", "passwd": "/etc/passwd"}.items():
        container.with_volume_mapping(str(tmp_path / file), place, "ro")
    for place in ("/tmp", "/bitnami/postgresql", "/var/run/postgresql"):
        container.tmpfs[place] = f"uid={USER},gid=0,mode=0770"
    container.with_kwargs(network_mode="none", user=f"{USER}:0", read_only=True, cap_drop=["ALL"]).with_envs(
        PGDATA="/bitnami/postgresql/data",
        PASSWORD_FILE="/password",
        CLUSTER_LOCALE="C.UTF-8",
        AUDIT_CONFIG="/var/run/postgresql/audit.conf",
    )
    with container:
        container.get_wrapped_container().wait(timeout=120)
        log = b"".join(container.get_logs()).decode()
    answers = [line for line in log.splitlines() if line.startswith("asked as ")]
    assert answers[0] == "asked as postgres: postgres", log
    assert "Peer authentication failed" in answers[1], log
