"""What happens to the machines under servers that CloudNativePG runs; the machine is well again at each fault's end."""

import random
from collections.abc import Mapping, Sequence

from harness.local.nodes import Extra
from harness.on_cluster.instance_faults import Fault, client_that_stays
from harness.on_cluster.instances import Instances


def of(nodes: Sequence[Extra]) -> Mapping[str, Fault]:
    """The faults by their names, of the node on which the primary runs."""

    def under(instances: Instances) -> Extra:
        name = instances.release.cluster.get(f"pod/{instances.primary()}")["spec"]["nodeName"]
        [found] = [each for each in nodes if each.name == name]
        return found

    def node_killed(instances: Instances, _: random.Random) -> None:
        """The power of the primary's node goes, and comes back once another server is the primary."""
        primary, node = instances.primary(), under(instances)
        node.kill()
        try:
            instances.wait_primary(primary)
        finally:
            node.start()

    def node_frozen(instances: Instances, _: random.Random) -> None:
        """The primary's node stands still, and goes on where it stood once another server is the primary."""
        primary, node = instances.primary(), under(instances)
        with client_that_stays(instances, primary):
            node.freeze()
            try:
                instances.wait_primary(primary)
            finally:
                node.thaw()

    def node_cut_off(instances: Instances, _: random.Random) -> None:
        """The primary's node reaches neither the control plane nor the other nodes, until another server is the primary."""
        primary, node = instances.primary(), under(instances)
        node.cut_off()
        try:
            instances.wait_primary(primary)
        finally:
            node.reconnect()

    def node_drained(instances: Instances, _: random.Random) -> None:
        """The primary's node is drained, as before maintenance, and takes pods again."""
        primary, node = instances.primary(), under(instances)
        try:
            node.drain()
            instances.wait_primary(primary)
        finally:
            node.uncordon()

    return {each.__name__: each for each in (node_killed, node_frozen, node_cut_off, node_drained)}
