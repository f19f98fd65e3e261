"""What was measured, kept in a folder outside git, and the arithmetic on it."""

import json
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

from .programs import CHIEF, ONE, OPTUNA, PEERS, PLAIN, Measured
from .workloads import Workload

KEPT = Path(__file__).resolve().parent.parent / ".throughput"
TUNEROOM, ONE_SLOT = "tuneroom", "tuneroom_one_slot"
TITLES = {TUNEROOM: "Tuneroom, 2 slots", ONE_SLOT: "Tuneroom, 1 slot"} | {
    name: peer.title for name, peer in PEERS.items()
}
# In round 0 fewer trials are run, with samples of where the processor time goes.
REHEARSAL = 0
ONE_SLOT_TARGET = 1.0
PACKAGES = ("tensorflow", "keras", "keras-tuner", "optuna", "scikit-learn", "numpy")


@dataclass(frozen=True)
class Run:
    """One program with one workload in one round: either measured, or failed with a text."""

    workload: str
    program: str
    number: int
    measured: Measured | None = None
    failure: str = ""
    threads: str = ""


@dataclass
class Results:
    """All runs so far, on which machine. `add` writes them down at once."""

    about: dict[str, str]
    runs: list[Run] = field(default_factory=list)
    path: Path | None = None

    def add(self, run: Run) -> None:
        self.runs.append(run)
        if self.path:
            self.path.parent.mkdir(exist_ok=True)
            new = self.path.with_suffix(".new")
            kept = {"about": self.about, "runs": [asdict(each) for each in self.runs]}
            new.write_text(json.dumps(kept, indent=1))
            new.replace(self.path)

    def best_threads(self, workload: str, program: str) -> str:
        """What was faster in the rehearsal."""
        return fastest_threads(_of(self.runs, workload, program))

    def has(self, workload: str, program: str, number: int, threads: str = "") -> bool:
        return any(
            run.number == number and run.threads in (threads, "")
            for run in _of(self.runs, workload, program)
        )

    @staticmethod
    def kept() -> "Results | None":
        """Those of the last measurement."""
        path = KEPT / "results.json"
        return Results.load(path) if path.exists() else None

    @staticmethod
    def load(path: Path) -> "Results":
        kept = json.loads(path.read_text())
        runs = [
            Run(**{**run, "measured": run["measured"] and Measured(**run["measured"])})
            for run in kept["runs"]
        ]
        return Results(kept["about"], runs, path)


@dataclass(frozen=True)
class Row:
    """The medians of one program with one workload."""

    program: str
    runs: int
    seconds: float
    search_seconds: float
    trials: float
    epochs: float
    best: float
    peak_bytes: float
    disk_bytes: float
    graph_share: float | None
    threads: str = ""

    @property
    def trials_a_minute(self) -> float:
        return 60 * self.trials / self.seconds


@dataclass(frozen=True)
class Ratio:
    """How many times as fast: with the scripts' start, and without it. None: no such peer ran."""

    whole: float | None
    search: float | None
    target: float

    @property
    def verdict(self) -> str:
        if self.whole is None or self.search is None:
            return "not measured"
        if min(self.whole, self.search) >= self.target:
            return "reached"
        if self.whole >= self.target:
            return "reached only with the scripts' start"
        return "not reached"


def rows(runs: Sequence[Run], workload: str) -> dict[str, Row]:
    """By program, in the order of TITLES; without those that were never measured."""
    found = {}
    for program in TITLES:
        if row := _row(program, _of(runs, workload, program)):
            found[program] = row
    return found


def failures(runs: Iterable[Run], workload: str) -> dict[str, str]:
    """The last line of what a program said in its last failure, by program."""
    return {
        run.program: (run.failure.strip().splitlines() or ["?"])[-1]
        for run in runs
        if run.workload == workload and run.failure
    }


def ratios(found: dict[str, Row], workload: Workload) -> list[tuple[str, Ratio]]:
    """Each target in words, and what was measured."""
    plain, best = workload.targets
    peers = [found[name] for name in (PLAIN, CHIEF, OPTUNA) if name in found]
    return [
        ("2 slots : KerasTuner script", _ratio(found.get(TUNEROOM), peers_of(found, PLAIN), plain)),
        ("2 slots : best of all peers", _ratio(found.get(TUNEROOM), peers, best)),
        (
            "1 slot : KerasTuner script",
            _ratio(found.get(ONE_SLOT), peers_of(found, PLAIN), ONE_SLOT_TARGET),
        ),
    ]


def peers_of(found: dict[str, Row], *names: str) -> list[Row]:
    return [found[name] for name in names if name in found]


def machine() -> dict[str, str]:
    """What the figures depend on."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = re.findall(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": str(len(names) or "?"),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def fastest_threads(runs: Iterable[Run]) -> str:
    """Of those that a peer's processes rehearsed with; one where nothing is known."""
    rehearsed = {
        run.threads: run.measured.search_seconds
        for run in runs
        if run.measured and run.number == REHEARSAL
    }
    return min(rehearsed, key=lambda threads: rehearsed[threads]) if rehearsed else ONE


def _of(runs: Iterable[Run], workload: str, program: str) -> list[Run]:
    return [run for run in runs if (run.workload, run.program) == (workload, program)]


def _row(program: str, runs: Sequence[Run]) -> Row | None:
    timed = [run.measured for run in runs if run.measured and run.number != REHEARSAL]
    if not timed:
        return None
    threads = next((run.threads for run in runs if run.number != REHEARSAL), "")
    shares = [
        run.measured.graph_share
        for run in runs
        if run.measured and run.number == REHEARSAL and run.threads == threads
    ]

    def middle(name: str) -> float:
        return float(median(getattr(each, name) for each in timed))

    return Row(
        program, len(timed), *(middle(name) for name in _MEDIANS),
        graph_share=shares[0] if shares else None, threads=threads,
    )  # fmt: skip


_MEDIANS = (
    "seconds", "search_seconds", "trials", "epochs", "best", "peak_bytes", "disk_bytes",
)  # fmt: skip


def _ratio(own: Row | None, peers: Sequence[Row], target: float) -> Ratio:
    if own is None or not peers:
        return Ratio(None, None, target)
    return Ratio(
        min(peer.seconds for peer in peers) / own.seconds,
        min(peer.search_seconds for peer in peers) / own.search_seconds,
        target,
    )
