"""What was measured of many trials on one runner (`long_run.py`), kept outside git."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

from .results import KEPT

# By then caches are full and the kept models are all there.
EARLY = 50
# Trials around a place, whose median counts.
AROUND = 20
KINDS = ("descriptors", "threads", "folders")


@dataclass(frozen=True)
class LongRun:
    """By trial: memory in MB and seconds; and counts after each trial."""

    name: str
    title: str
    memory: list[float]
    seconds: list[float]
    descriptors: list[float]
    threads: list[float]
    folders: list[float]

    @property
    def trials(self) -> int:
        return len(self.seconds)

    @property
    def memory_early(self) -> float:
        return _around(self.memory, EARLY)

    @property
    def memory_late(self) -> float:
        return _around(self.memory, self.trials)

    @property
    def growth(self) -> float:
        return self.memory_late / self.memory_early - 1

    @property
    def seconds_early(self) -> float:
        return _around(self.seconds, EARLY)

    @property
    def seconds_late(self) -> float:
        return _around(self.seconds, self.trials)

    def left(self, kind: str) -> int:
        """How many more of these there are at the end than after the first trials."""
        values: list[float] = getattr(self, kind)
        return round(_around(values, self.trials) - _around(values, EARLY))


def keep(run: LongRun) -> None:
    KEPT.mkdir(exist_ok=True)
    (KEPT / f"long_run_{run.name}.json").write_text(json.dumps(asdict(run)))


def kept() -> list[LongRun]:
    paths = sorted(KEPT.glob("long_run_*.json"))
    return [LongRun(**json.loads(path.read_text())) for path in paths]


def panels(runs: Sequence[LongRun]) -> list[tuple[str, str, dict[str, Sequence[float]]]]:
    return [
        ("Memory of the runner", "MB", {run.title: run.memory for run in runs}),
        ("Time of a trial", "seconds", {run.title: run.seconds for run in runs}),
    ]


def _around(values: Sequence[float], place: int) -> float:
    """The median of the values before and after a place; of the last ones at the end."""
    end = min(len(values), place + AROUND // 2)
    return float(median(values[max(0, end - AROUND) : end]))
