"""What faults cost a writing client, as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.figures import figure, text
from benchmarks.tables import markdown
from harness.on_cluster.fault_run import Outcome

OURS, SAMPLE = "the chart", "CloudNativePG's sample"
LABELS = {
    "primary_killed": "the primary's postmaster killed (`kill -9`)",
    "primary_deleted": "the primary's pod deleted",
    "switched_over": "switchover",
    "updated": "minor update of all servers",
    "node_killed": "the node of both primaries killed",
    "node_cut_off": "the node of both primaries cut off from the others and the control plane",
    "node_drained": "the node of both primaries drained",
}
AT_ONCE = (
    "; but with the chart's `smartShutdownTimeout: 0`: without it a deleted primary goes on for three\n"
    "minutes for the clients that it has, and nobody else gets in"
)
# What is aimed at: seconds without a commit, at worst.
AIMS = {"primary_killed": ("a dead primary", 15), "node_killed": ("a lost node", 60)}


@dataclass(frozen=True)
class Suffered:
    """Of one side: what became of the faults by their names, those that did not end well, and what the client was told."""

    outcomes: Mapping[str, Sequence[Outcome]]
    failures: Sequence[str]
    told: int
    lost: int


def section(sides: Mapping[str, Suffered], remark: str = "") -> str:
    """The part's text; the remark says what else the sample is."""
    return "\n\n".join([
        headline(sides),
        "One client writes row after row, with 20 ms of rest, and connects anew when it is not answered within 5 s: the most\n"
        "seconds between two commits that it was told of, at each fault; and the seconds until all servers stream again.",
        _table(sides),
        "The sample is the first one of CloudNativePG's documentation, with the same image: three servers,\n"
        f"asynchronous{remark}.",
        *(_failed(name, side) for name, side in sides.items() if side.failures),
    ])  # fmt: skip


def headline(sides: Mapping[str, Suffered]) -> str:
    """The worst of what is aimed at, and whether anything was lost."""
    ours = sides[OURS]
    aims = [
        f"**{what[0].upper()}{what[1:]}** costs writers {figure(_silences(ours, kind)).most:.1f} s at worst (aim: {seconds})."
        for kind, (what, seconds) in AIMS.items()
        if ours.outcomes.get(kind)
    ]
    lost = [f"{side.lost:,} of {side.told:,} on {name}" for name, side in sides.items()]
    return " ".join([*aims, f"Acknowledged commits lost: {', '.join(lost)}."])


def _table(sides: Mapping[str, Suffered]) -> str:
    kinds = [kind for kind in LABELS if any(side.outcomes.get(kind) for side in sides.values())]
    rows = []
    for kind in kinds:
        for name, side in sides.items():
            if outcomes := side.outcomes.get(kind):
                well = text(figure([outcome.seconds for outcome in outcomes]), 0)
                rows.append([LABELS[kind], name, str(len(outcomes)), text(figure(_silences(side, kind)), 1), well])
    return markdown(["", "", "n", "s without a commit", "s until all is well"], rows)


def _silences(side: Suffered, kind: str) -> list[float]:
    return [outcome.silence for outcome in side.outcomes[kind]]


def _failed(name: str, side: Suffered) -> str:
    listed = "\n".join(f"- {failure}" for failure in side.failures)
    return f"Faults that did not end well, {name}, which are in no figure:\n\n{listed}"
