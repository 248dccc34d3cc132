"""A pod's processes as the node sees them: from inside the pod nobody can kill its process 1, or stop what runs it."""

from harness import commands
from harness.local import node


def signal_server(uid: str, signal: str) -> None:
    """A signal to PostgreSQL's first process in the pod with this uid, on the local Kubernetes: KILL ends the others with it."""
    assert _each_container(uid, f"[[ $name == postgres ]] && kill -{signal} $process"), f"no server runs in the pod {uid}"


def kill_containers(uid: str) -> bool:
    """Kill each running container of the pod with this uid, without a word to it; returns whether there was one."""
    return _each_container(uid, "[[ $name != pause ]] && kill -KILL $process")


def signal_runtime(uid: str, signal: str) -> bool:
    """A signal to what starts and kills the containers of the pod with this uid: after STOP nobody does until CONT.

    Returns whether it was there.
    """
    return _each_container(uid, f"kill -{signal} $runtime")


def _each_container(uid: str, do: str) -> bool:
    """Run a line of bash for the first process of each of the pod's containers; returns whether one succeeded."""
    nodes = node.everywhere()
    assert nodes, "this test needs the local Kubernetes"
    script = f"""
        for process in $(grep --files-with-matches --no-messages --fixed-strings {uid} /proc/[0-9]*/cgroup | cut -d/ -f3); do
            runtime=$(sed -n 's/^PPid:\\t//p' /proc/$process/status) name=$(cat /proc/$process/comm)
            [[ $(cat /proc/$runtime/comm) == containerd-shim ]] && {do} && echo done
        done 2> /dev/null
        true
    """
    return any("done" in commands.run(each.command("bash", "-c", script)) for each in nodes)
