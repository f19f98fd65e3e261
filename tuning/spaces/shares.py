"""How much smaller one search space is than another: per hyperparameter, and in all.

Discrete values count as combinations. A continuous range counts by the share of it that
KerasTuner's own sampling would put into the new one, so logarithmic ranges use a log scale.
"""

import math
from dataclasses import dataclass
from typing import Any

from tuning.figures import in_words

from .combinations import weight
from .hyperparameters import Hyperparameter, read_space

# What a whole continuous range counts as, so that its parts are whole numbers, too.
WHOLE = 2**60


@dataclass(frozen=True)
class Line:
    """A hyperparameter of either space. `share` is None where none can be told: a list of values in
    place of a range, or one that only one of the spaces has."""

    name: str
    old: Hyperparameter | None
    new: Hyperparameter | None
    share: float | None

    @property
    def changed(self) -> bool:
        if self.old is None or self.new is None:
            return True
        return (self.old.kind, self.old.config) != (self.new.kind, self.new.config)

    @property
    def share_text(self) -> str:
        if not self.changed:
            return "the same"
        if self.share is None:
            return "–"
        return share_text(self.share)


@dataclass(frozen=True)
class SideBySide:
    """Two spaces, line by line, and the new one's size as a share of the old one's."""

    lines: tuple[Line, ...]
    share: float | None

    @property
    def changed(self) -> list[Line]:
        return [line for line in self.lines if line.changed]

    @property
    def uncounted(self) -> str:
        """Those that the share in all leaves out."""
        return in_words([line.name for line in self.changed if line.share is None])

    @property
    def is_same(self) -> bool:
        return not self.changed

    @property
    def share_text(self) -> str:
        return share_text(self.share) if self.share is not None else ""

    @property
    def sentence(self) -> str:
        """How large the new space is."""
        if self.share is None:
            return "The two spaces have different hyperparameters."
        text = self.share_text
        size = f"{text} of"
        if text == "the same":
            size = "as large as"
        elif "times" in text:
            size = f"{text} as large as"
        left_out = f", not counting {self.uncounted}" if self.uncounted else ""
        return f"The new space is {size} the old one{left_out}."


def side_by_side(old: dict[str, Any], new: dict[str, Any]) -> SideBySide:
    before, after = read_space(old), read_space(new)
    known = {(p.name, p.conditions): p for p in before}
    follow = {(p.name, p.conditions): p for p in after}
    lines = tuple(
        Line(key[0], known.get(key), follow.get(key), _share(known.get(key), follow.get(key)))
        for key in {**known, **follow}
    )
    return SideBySide(lines, _in_all(before, after, known, follow))


def share_text(share: float) -> str:
    """ "12 %", "0.3 %", "2.5 times"."""
    if share > 1 + 1e-9:
        return f"{share:,.3g} times" if share < 1000 else "over 1,000 times"
    if share > 0.9995:
        return "the same"
    if share < 0.0001:
        return "under 0.01 %"
    return f"{100 * share:.{2 if share < 0.01 else 1 if share < 0.1 else 0}f} %"


def _share(old: Hyperparameter | None, new: Hyperparameter | None) -> float | None:
    if old is None or new is None:
        return None
    if (old.count is None) != (new.count is None):
        return None
    if old.count is not None and new.count is not None:
        return new.count / old.count if old.count else None
    return (position(old, new.config["max_value"]) - position(old, new.config["min_value"])) or 0


def position(old: Hyperparameter, value: float) -> float:
    """Where a value is in the old range, as KerasTuner samples it: 0 at its lower end, 1 at its
    upper end, and beyond them where the new range is wider."""
    low, high = float(old.config["min_value"]), float(old.config["max_value"])
    if old.sampling == "linear":
        return (value - low) / (high - low)
    if old.sampling == "log":
        return math.log(max(value, 1e-300) / low) / math.log(high / low)
    mirrored = high + low - value
    return 1 - math.log(max(mirrored, 1e-300) / low) / math.log(high / low)


def _in_all(
    before: list[Hyperparameter], after: list[Hyperparameter], known: Any, follow: Any
) -> float | None:
    """Hyperparameters whose share is unknown count as if they had not changed."""
    if known.keys() != follow.keys():
        return None
    sizes: tuple[list[int], list[int]] = ([], [])
    for old in before:
        new = follow[old.name, old.conditions]
        share = _share(old, new)
        if share is None or old.count is None:
            sizes[0].append(WHOLE)
            sizes[1].append(WHOLE if share is None else max(round(share * WHOLE), 1))
        else:
            sizes[0].append(old.count)
            sizes[1].append(new.count or 0)
    whole = weight(before, sizes[0])
    return weight(after, sizes[1]) / whole if whole else None
