"""The processes of the local Kubernetes: their command lines, their configuration files and how to ask whether they are up."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import yaml

from harness import paths
from harness.local import cgroups, images, packages
from harness.local.certificates import Authority
from harness.local.node import ADDRESS, CGROUP, POD_RANGE, SERVICE_RANGE

NODE_NAME = "billdb-local"
STATE = paths.LOCAL / "state"
SERVER = f"https://{ADDRESS}:6443"
CONTAINERD = "/run/containerd/containerd.sock"  # the node's own /run


@dataclass(frozen=True)
class Component:
    """A process of the node. `probe` is a URL that answers 200 when it is up, or a command that then succeeds."""

    name: str
    command: tuple[str, ...]
    probe: str | tuple[str, ...]


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
    file = STATE / name
    file.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else yaml.safe_dump(content)
    if not file.exists() or file.read_text() != text:  # kube-proxy ends when its file is touched
        file.write_text(text)
    return str(file)


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


def _containerd() -> Component:
    network = {
        "cniVersion": "0.4.0",
        "name": "billdb",
        "plugins": [
            {
                "type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False, "hairpinMode": True,
                "ipam": {"type": "host-local", "dataDir": "/run/cni", "ranges": [[{"subnet": "10.244.0.0/24"}]],
                         "routes": [{"dst": "0.0.0.0/0"}]},
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }  # fmt: skip
    _write("cni/10-billdb.conflist", json.dumps(network))
    configuration = f"""
version = 2
root = "{STATE / "containerd"}"
state = "/run/containerd"
[grpc]
  address = "{CONTAINERD}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{images.PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{packages.unpacked(*packages.KUBERNETES) / "usr/lib/cni"}"
    conf_dir = "{STATE / "cni"}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""
    return Component(
        "containerd",
        (packages.program("containerd"), f"--config={_write('containerd.toml', configuration)}"),
        (packages.program("ctr"), f"--address={CONTAINERD}", "version"),
    )


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


def _kubelet() -> Component:
    configuration = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": ADDRESS,
        "healthzBindAddress": "127.0.0.1",
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                           "x509": {"clientCAFile": _pki("ca.crt")}},
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": _pki("kubelet.crt"),
        "tlsPrivateKeyFile": _pki("kubelet.key"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{CGROUP}",
        "clusterDNS": [ADDRESS],
        "clusterDomain": "cluster.local",
        "resolvConf": _write("resolv.conf", ""),
        "containerRuntimeEndpoint": f"unix://{CONTAINERD}",
        "failSwapOn": False,
        "registerNode": True,
        "maxPods": 200,
        "syncFrequency": "10s",  # how soon a pod sees its changed Secret; a minute is what other clusters have
        "volumeStatsAggPeriod": "10s",  # how old its figures of volumes may be; a minute is what other clusters have
        # A nearly full disk is the machine's own business: `nox -s up` looks at it first.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        **({} if cgroups.is_version_2() else {"failCgroupV1": False}),  # the kubelet refuses version 1 since Kubernetes 1.35
    }  # fmt: skip
    return Component(
        "kubelet",
        (
            _program("kubelet"), f"--config={_write('kubelet.yaml', configuration)}",
            f"--kubeconfig={_pki('kubelet.kubeconfig')}",
            f"--root-dir={STATE / 'kubelet'}", f"--hostname-override={NODE_NAME}", f"--node-ip={ADDRESS}",
        ),
        "http://127.0.0.1:10248/healthz",
    )  # fmt: skip


def _kube_proxy() -> Component:
    configuration = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "bindAddress": ADDRESS,
        "clientConnection": {"kubeconfig": _pki("kube-proxy.kubeconfig")},
        "clusterCIDR": POD_RANGE,
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "healthzBindAddress": "127.0.0.1:10256",
        "hostnameOverride": NODE_NAME,
        "iptables": {"minSyncPeriod": "100ms"},
        "mode": "iptables",
    }
    return Component(
        "kube-proxy",
        (_program("kube-proxy"), f"--config={_write('kube-proxy.yaml', configuration)}"),
        "http://127.0.0.1:10256/livez",
    )


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


def _kube_router() -> Component:
    return Component(
        "kube-router",
        (
            _program("kube-router"), f"--kubeconfig={_pki('kube-router.kubeconfig')}", f"--hostname-override={NODE_NAME}",
            "--run-firewall=true", "--run-router=false", "--run-service-proxy=false", "--enable-cni=false",
            f"--service-cluster-ip-range={SERVICE_RANGE}", "--health-port=20244",
        ),
        "http://127.0.0.1:20244/healthz",
    )  # fmt: skip


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
    _etcd, _containerd, _apiserver, _controller_manager, _scheduler, _kubelet, _kube_proxy, _coredns, _kube_router,
    _local_path_provisioner,
)  # fmt: skip
