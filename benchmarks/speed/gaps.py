"""What benchmarks/trial_gap.py measured, kept in a folder outside git."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from .results import KEPT

FILE = KEPT / "gaps.json"


@dataclass(frozen=True)
class Gaps:
    """Milliseconds between the trials of a search: their median, and what 95 % are within."""

    strategy: str
    slots: int
    trials: int
    median: float
    most: float


def keep(found: Sequence[Gaps]) -> None:
    KEPT.mkdir(exist_ok=True)
    FILE.write_text(json.dumps([asdict(each) for each in found], indent=1))


def kept() -> list[Gaps]:
    return [Gaps(**each) for each in json.loads(FILE.read_text())] if FILE.exists() else []
