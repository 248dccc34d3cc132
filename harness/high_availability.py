"""`nox -s up -- --ha`: three servers that stand in for one another, and a failover before one's eyes."""

from harness import install, paths
from harness.kubernetes import Cluster
from harness.local import images, node
from harness.local.cluster import load
from harness.on_cluster import cloudnativepg, writers
from harness.on_cluster.instances import NAME, Instances
from harness.on_cluster.release import Release
from harness.progress import say, step

NAMESPACE = "phonebill-ha"
ROLES = "SELECT format('%-10s %s', CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'primary' END, version())"


def show(cluster: Cluster) -> None:
    """Have the operator and a release with three servers, delete the primary under a writing client, and tell what it saw."""
    running = node.first()
    load(running, images.archives((cloudnativepg.MAJOR,)))
    with step("start CloudNativePG's operator"):
        cloudnativepg.start(Cluster(cluster.kubeconfig, cloudnativepg.NAMESPACE))
    release = Release(cluster)
    with step(f"helm install {release.name} ./chart --namespace={NAMESPACE} --set=engine=cloudnativepg (small servers)"):
        cluster.kubectl("apply", "--filename=-", stdin=f"{{apiVersion: v1, kind: Namespace, metadata: {{name: {NAMESPACE}}}}}")
        verb = release.upgrade if install.status(cluster) else release.install
        verb(cloudnativepg.SMALL)
    instances = Instances(release)
    with step("wait for the second and the third server"):
        instances.wait_healthy()
    instances.sql(writers.TABLE)
    writer = writers.join(release)
    primary = instances.primary()
    with step(f"delete the primary, {primary}, without a word to it"):
        cluster.kubectl("delete", f"pod/{primary}", "--grace-period=0", "--force")
        instances.wait_primary(primary)
        writer.wait_for_rows()
        instances.wait_healthy()
    told = writer.stop()
    there = set(map(int, instances.sql(f"SELECT n FROM acknowledged WHERE writer = {writer.number}").split()))
    instances.sql("DROP TABLE acknowledged")
    say(
        f"  {instances.primary()} took over: {writers.longest_silence(list(told.values())):.1f} s without a commit for a writing "
        f"client; of the {len(told)} commits that it was told of, {len(set(told) - there)} are missing"
    )
    print(report(instances, cluster))


def report(instances: Instances, cluster: Cluster) -> str:
    """Who is who, and how to look."""
    kubectl = f"{install.relative(paths.BIN / 'kubectl')} --kubeconfig {install.relative(cluster.kubeconfig)} -n {NAMESPACE}"
    servers = "\n".join(f"  {pod}  {instances.sql(ROLES, pod)}" for pod in instances.pods())
    return f"""
Servers
{servers}

Look
  who is who:            {kubectl} get cluster {NAME}
  at the database:       {kubectl} exec -it service/{NAME} -c postgres -- psql -U postgres -d bill_inquiry_db
  another primary:       {kubectl} delete pod {instances.primary()}
Clients use {NAME}, which follows the primary, and {NAME}-ro to read from the others. `nox -s down` removes it all.
"""
