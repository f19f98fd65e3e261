"""What a scenario measured, kept in a folder outside git."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

KEPT = Path(__file__).resolve().parents[1] / ".chaos"

Figure = float | int | str


@dataclass
class Outcome:
    """Figures by their names, and promises with whether they held. `load`: of the machine when it
    began, for others may have used it."""

    figures: dict[str, Figure] = field(default_factory=dict)
    promises: dict[str, bool] = field(default_factory=dict)
    seconds: float = 0.0
    load: float = 0.0
    day: str = ""

    @property
    def held(self) -> bool:
        return all(self.promises.values())


def keep(name: str, outcome: Outcome) -> None:
    KEPT.mkdir(exist_ok=True)
    (KEPT / f"{name}.json").write_text(json.dumps(asdict(outcome), indent=1))


def kept() -> dict[str, Outcome]:
    return {path.stem: Outcome(**json.loads(path.read_text())) for path in KEPT.glob("*.json")}


def stamp(outcome: Outcome, began: float, load: float) -> Outcome:
    outcome.seconds, outcome.load = round(time.monotonic() - began, 1), round(load, 1)
    outcome.day = time.strftime("%Y-%m-%d")
    return outcome


def load() -> float:
    return os.getloadavg()[0]


def machine() -> str:
    gigabytes = psutil.virtual_memory().total / 2**30
    return f"{len(os.sched_getaffinity(0))} cores, {gigabytes:.0f} GiB of memory"


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def counted(counts: Mapping[str, int]) -> str:
    """ "12 runner, 3 site" """
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
