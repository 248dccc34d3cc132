"""The processes of the local Kubernetes: their command lines, their configuration files and how to ask whether they are up.

Those that every node has are in node_components.py.
"""

import json
from collections.abc import Callable

from harness import paths
from harness.local import images, packages
from harness.local.certificates import Authority
from harness.local.node import ADDRESS, CGROUP, POD_RANGE, SERVICE_RANGE
from harness.local.node_components import CONTAINERD as CONTAINERD  # who asks containerd finds its socket here
from harness.local.node_components import Component, Place, containerd, kube_proxy, kube_router, kubelet

NODE_NAME = "billdb-local"
STATE = paths.LOCAL / "state"
SERVER = f"https://{ADDRESS}:6443"


def prepare() -> list[Component]:
    """Write certificates, kubeconfigs and configuration files; return the processes in the order of their start."""
    for folder in ("etcd", "containerd", "kubelet", "volumes", "cni"):
        (STATE / folder).mkdir(parents=True, exist_ok=True)
    pki = Authority(STATE / "pki")
    pki.sign("apiserver", "kube-apiserver", addresses=(
        ADDRESS, "127.0.0.1", "10.96.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local"))  # fmt: skip
    pki.sign("kubelet", f"system:node:{NODE_NAME}", "system:nodes", (ADDRESS, NODE_NAME))
    pki.sign("service-accounts", "service-accounts")
    pki.sign("admin", "billdb-admin", "system:masters")
    for name in ("kube-controller-manager", "kube-scheduler", "kube-proxy"):
        pki.sign(name, f"system:{name}")
    for name in ("coredns", "kube-router", "local-path-provisioner"):
        pki.sign(name, f"billdb:{name}", "system:masters")
    for name in ("kubelet", "kube-controller-manager", "kube-scheduler", "kube-proxy", "coredns", "kube-router",
                 "local-path-provisioner"):  # fmt: skip
        pki.kubeconfig(name, STATE / "pki" / f"{name}.kubeconfig", SERVER)
    pki.kubeconfig("admin", paths.KUBECONFIG, SERVER)
    return [make() for make in COMPONENTS]


def _pki(name: str) -> str:
    return str(STATE / "pki" / name)


def _program(name: str) -> str:
    return str(paths.BIN / name)


def _write(name: str, content: object) -> str:
    return _place().write(name, content)


def _place() -> Place:
    return Place(NODE_NAME, ADDRESS, "10.244.0.0/24", CGROUP, STATE, STATE / "pki", "kubelet")


def _etcd() -> Component:
    client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
    return Component(
        "etcd",
        (
            packages.program("etcd"), "--name=billdb", f"--data-dir={STATE / 'etcd'}",
            f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=billdb={peer}",
        ),
        f"{client}/health",
    )  # fmt: skip


def _apiserver() -> Component:
    return Component(
        "kube-apiserver",
        (
            _program("kube-apiserver"), "--etcd-servers=http://127.0.0.1:2379", f"--bind-address={ADDRESS}",
            f"--advertise-address={ADDRESS}", "--secure-port=6443", f"--service-cluster-ip-range={SERVICE_RANGE}",
            "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
            f"--client-ca-file={_pki('ca.crt')}", f"--tls-cert-file={_pki('apiserver.crt')}",
            f"--tls-private-key-file={_pki('apiserver.key')}", "--kubelet-preferred-address-types=InternalIP",
            f"--kubelet-certificate-authority={_pki('ca.crt')}", f"--kubelet-client-certificate={_pki('admin.crt')}",
            f"--kubelet-client-key={_pki('admin.key')}", "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={_pki('service-accounts.crt')}",
            f"--service-account-signing-key-file={_pki('service-accounts.key')}",
        ),
        f"{SERVER}/readyz",
    )  # fmt: skip


def _controller_manager() -> Component:
    kubeconfig = _pki("kube-controller-manager.kubeconfig")
    return Component(
        "kube-controller-manager",
        (
            _program("kube-controller-manager"), f"--kubeconfig={kubeconfig}", "--bind-address=127.0.0.1",
            "--leader-elect=false", "--use-service-account-credentials", f"--root-ca-file={_pki('ca.crt')}",
            f"--service-account-private-key-file={_pki('service-accounts.key')}", "--allocate-node-cidrs",
            f"--cluster-cidr={POD_RANGE}", f"--service-cluster-ip-range={SERVICE_RANGE}",
            f"--authentication-kubeconfig={kubeconfig}", f"--authorization-kubeconfig={kubeconfig}",
        ),
        "https://127.0.0.1:10257/healthz",
    )  # fmt: skip


def _scheduler() -> Component:
    kubeconfig = _pki("kube-scheduler.kubeconfig")
    return Component(
        "kube-scheduler",
        (
            _program("kube-scheduler"), f"--kubeconfig={kubeconfig}", "--bind-address=127.0.0.1", "--leader-elect=false",
            f"--authentication-kubeconfig={kubeconfig}", f"--authorization-kubeconfig={kubeconfig}",
        ),
        "https://127.0.0.1:10259/healthz",
    )  # fmt: skip


def _coredns() -> Component:
    corefile = f""".:53 {{
    bind {ADDRESS}
    errors
    ready 127.0.0.1:8181
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {_pki("coredns.kubeconfig")}
        ttl 1
    }}
}}
"""
    return Component("coredns", (_program("coredns"), f"-conf={_write('Corefile', corefile)}"), "http://127.0.0.1:8181/ready")


def _local_path_provisioner() -> Component:
    configuration = {"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [str(STATE / "volumes")]}]}
    return Component(
        "local-path-provisioner",
        (
            _program("local-path-provisioner"), "start", f"--config={_write('local-path.json', json.dumps(configuration))}",
            f"--kubeconfig={_pki('local-path-provisioner.kubeconfig')}", f"--helper-image={images.HELPER_IMAGE}",
            "--service-account-name=default", "--configmap-name=local-path-config",
            f"--helper-pod-file={_write('helper-pod.yaml', HELPER_POD)}",
        ),
        ("true",),
    )  # fmt: skip


HELPER_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "helper-pod"},
    "spec": {"containers": [{"name": "helper-pod", "image": images.HELPER_IMAGE}]},
}

COMPONENTS: tuple[Callable[[], Component], ...] = (
    _etcd, lambda: containerd(_place()), _apiserver, _controller_manager, _scheduler, lambda: kubelet(_place()),
    lambda: kube_proxy(_place()), _coredns, lambda: kube_router(_place()), _local_path_provisioner,
)  # fmt: skip
