"""The difference between two versions of a template's code, line by line."""

from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

CONTEXT = 3
# difflib compares equal lines in pairs: of code that repeats its lines there are billions.
MAX_PAIRS = 5_000_000


@dataclass(frozen=True)
class Line:
    """A line of a difference. `kind`: same, added, removed, or skip for what is left out."""

    kind: str
    text: str = ""
    old: int | None = None
    new: int | None = None

    @property
    def sign(self) -> str:
        return {"added": "+", "removed": "−"}.get(self.kind, "")

    @property
    def word(self) -> str:
        """The sign for people who hear the page."""
        return {"added": "added", "removed": "removed"}.get(self.kind, "")


def differences(old: str, new: str) -> list[Line]:
    """What changed, with a few lines around each change."""
    before, after = old.splitlines(), new.splitlines()
    lines: list[Line] = []
    for group in _matcher(before, after).get_grouped_opcodes(CONTEXT):
        if group[0][1] > 0 or lines:
            lines.append(Line("skip"))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                pairs = zip(range(i1, i2), range(j1, j2), strict=True)
                lines += [Line("same", before[i], i + 1, j + 1) for i, j in pairs]
                continue
            lines += [Line("removed", before[i], old=i + 1) for i in range(i1, i2)]
            lines += [Line("added", after[j], new=j + 1) for j in range(j1, j2)]
    return lines


class _Whole(SequenceMatcher[str]):
    """All between the first and the last difference is changed."""

    def __init__(self, before: list[str], after: list[str]) -> None:
        super().__init__(None)
        self._before, self._after = before, after

    def get_opcodes(self) -> list[Any]:
        before, after = self._before, self._after
        start = _equal(before, after)
        most = min(len(before), len(after)) - start
        end = min(_equal(before[::-1], after[::-1]), most)
        old, new = len(before) - end, len(after) - end
        parts = [
            ("equal", 0, start, 0, start),
            ("replace", start, old, start, new),
            ("equal", old, len(before), new, len(after)),
        ]
        return [part for part in parts if part[1] < part[2] or part[3] < part[4]]


def _matcher(before: list[str], after: list[str]) -> SequenceMatcher[str]:
    times = Counter(after)
    if sum(times[line] for line in before) <= MAX_PAIRS:
        return SequenceMatcher(None, before, after)
    return _Whole(before, after)


def _equal(before: list[str], after: list[str]) -> int:
    """How many lines both begin with."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(before), len(after)))


def tally(lines: list[Line]) -> tuple[int, int]:
    """How many lines were added and removed."""
    kinds = [line.kind for line in lines]
    return kinds.count("added"), kinds.count("removed")
