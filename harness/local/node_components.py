"""The processes that each node of the local Kubernetes has: its containers' runtime, kubelet, proxy and firewall."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from harness import paths
from harness.local import cgroups, images, packages
from harness.local.node import ADDRESS, POD_RANGE, SERVICE_RANGE

CONTAINERD = "/run/containerd/containerd.sock"  # the node's own /run


@dataclass(frozen=True)
class Component:
    """A process of the node. `probe` is a URL that answers 200 when it is up, or a command that then succeeds."""

    name: str
    command: tuple[str, ...]
    probe: str | tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """A node as its processes know it: its name and address, the range of its pods, its control group and its folders.

    `kubelet` is what the kubelet's certificate is called in `pki`; `reserved` is what of the machine is not the pods'. Where its
    pods' logs are in `logs`, no other kubelet of this machine takes them for those of pods that are gone. `root` is the kubelet's
    folder where it is not below `state`.
    """

    name: str
    address: str
    pods: str
    cgroup: str
    state: Path
    pki: Path
    kubelet: str
    reserved: Mapping[str, str] = field(default_factory=dict)
    logs: str = ""
    root: str = ""

    def secret(self, name: str) -> str:
        """The path of a file in `pki`."""
        return str(self.pki / name)

    def write(self, name: str, content: object) -> str:
        """Write a file below `state`, YAML where it is no text, and return its path."""
        file = self.state / name
        file.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else yaml.safe_dump(content)
        if not file.exists() or file.read_text() != text:  # kube-proxy ends when its file is touched
            file.write_text(text)
        return str(file)


def program(name: str) -> str:
    """The path of a program that the harness has built."""
    return str(paths.BIN / name)


def containerd(place: Place) -> Component:
    """The runtime of containers, and the network that it puts pods on."""
    network = {
        "cniVersion": "0.4.0",
        "name": "billdb",
        "plugins": [
            {
                "type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False, "hairpinMode": True,
                "ipam": {"type": "host-local", "dataDir": "/run/cni", "ranges": [[{"subnet": place.pods}]],
                         "routes": [{"dst": "0.0.0.0/0"}]},
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }  # fmt: skip
    place.write("cni/10-billdb.conflist", json.dumps(network))
    configuration = f"""
version = 2
root = "{place.state / "containerd"}"
state = "/run/containerd"
[grpc]
  address = "{CONTAINERD}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{images.PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{packages.unpacked(*packages.KUBERNETES) / "usr/lib/cni"}"
    conf_dir = "{place.state / "cni"}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""
    return Component(
        "containerd",
        (packages.program("containerd"), f"--config={place.write('containerd.toml', configuration)}"),
        (packages.program("ctr"), f"--address={CONTAINERD}", "version"),
    )


def kubelet(place: Place) -> Component:
    """What starts the pods that the API server gives to the node."""
    configuration = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": place.address,
        "healthzBindAddress": "127.0.0.1",
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                           "x509": {"clientCAFile": place.secret("ca.crt")}},
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": place.secret(f"{place.kubelet}.crt"),
        "tlsPrivateKeyFile": place.secret(f"{place.kubelet}.key"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{place.cgroup}",
        "clusterDNS": [ADDRESS],
        "clusterDomain": "cluster.local",
        "resolvConf": place.write("resolv.conf", ""),
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
        **({"podLogsDir": place.logs} if place.logs else {}),
        **({"systemReserved": dict(place.reserved)} if place.reserved else {}),
        **({} if cgroups.is_version_2() else {"failCgroupV1": False}),  # the kubelet refuses version 1 since Kubernetes 1.35
    }  # fmt: skip
    return Component(
        "kubelet",
        (
            program("kubelet"), f"--config={place.write('kubelet.yaml', configuration)}",
            f"--kubeconfig={place.secret(f'{place.kubelet}.kubeconfig')}",
            f"--root-dir={place.root or place.state / 'kubelet'}",
            f"--hostname-override={place.name}", f"--node-ip={place.address}",
        ),
        "http://127.0.0.1:10248/healthz",
    )  # fmt: skip


def kube_proxy(place: Place) -> Component:
    """Services, for what runs on the node."""
    configuration = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "bindAddress": place.address,
        "clientConnection": {"kubeconfig": place.secret("kube-proxy.kubeconfig")},
        "clusterCIDR": POD_RANGE,
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "healthzBindAddress": "127.0.0.1:10256",
        "hostnameOverride": place.name,
        "iptables": {"minSyncPeriod": "100ms"},
        "mode": "iptables",
    }
    return Component(
        "kube-proxy",
        (program("kube-proxy"), f"--config={place.write('kube-proxy.yaml', configuration)}"),
        "http://127.0.0.1:10256/livez",
    )


def kube_router(place: Place) -> Component:
    """NetworkPolicies, for the node's pods."""
    return Component(
        "kube-router",
        (
            program("kube-router"), f"--kubeconfig={place.secret('kube-router.kubeconfig')}", f"--hostname-override={place.name}",
            "--run-firewall=true", "--run-router=false", "--run-service-proxy=false", "--enable-cni=false",
            f"--service-cluster-ip-range={SERVICE_RANGE}", "--health-port=20244",
        ),
        "http://127.0.0.1:20244/healthz",
    )  # fmt: skip
