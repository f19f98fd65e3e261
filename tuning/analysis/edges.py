"""Where the best trials sit at the border of a range: better values may lie beyond it.

Some of the best always lie near a border by chance. A range is reported only if uniform sampling
would hardly give as many, and only if it can be widened: a dropout rate cannot be below 0.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tuning.figures import setting
from tuning.models import Search
from tuning.spaces.changes import compared
from tuning.spaces.edits import Edit, Range, Refused, Values, edited_parameter, governed, is_number
from tuning.spaces.hyperparameters import Hyperparameter, read_space
from tuning.spaces.shares import position

# Fewer completed trials have no best ones worth the name.
MIN_COMPLETED = 10
SHARE, MIN_BEST, MAX_BEST = 0.1, 3, 50
# What counts as the border of a continuous range, as a share of it.
ZONE = 0.1
# How often a search whose scores are pure chance may be warned of, over all its hyperparameters.
CHANCE = 0.05


@dataclass(frozen=True)
class Edge:
    """`count` of the `best` trials that had this hyperparameter in use sit at its `end`: low or
    high. `bound` is the border, `wider` what the hyperparameter becomes if it is widened."""

    place: int
    parameter: Hyperparameter
    end: str
    bound: Any
    count: int
    best: int
    wider: Hyperparameter

    @property
    def sentence(self) -> str:
        who = f"The best {self.best} trials have"
        if self.count < self.best:
            who = f"{self.count} of the best {self.best} trials have"
        end = "upper" if self.end == "high" else "lower"
        return f"{who} {self.parameter.name} at the {end} end of its range, {setting(self.bound)}."

    @property
    def key(self) -> str:
        """Names it in an address: see `refinement`."""
        return f"{self.place}.{self.end}"


def edges(search: Search) -> list[Edge]:
    """In the order of the space. Two queries, however many trials there are."""
    if not search.runs_here or search.hypermodel_id is None:
        return []
    best = _best_values(search)
    return edges_of(search.space, search.inspection.space, best) if best else []


def edges_of(
    config: dict[str, Any], own: dict[str, Any], best: Sequence[dict[str, Any]]
) -> list[Edge]:
    """Of a searched space, what the template says of it, and the values of the best trials."""
    space = read_space(config)
    tested = [p for p in space if _borders(p)]
    found = []
    for place, parameter in enumerate(space):
        values = [
            item[parameter.name]
            for item in best
            if item.get(parameter.name) is not None and parameter.is_active(item)
        ]
        for end in ("low", "high") if len(values) >= MIN_BEST and _borders(parameter) else ():
            chance = _zone(parameter)
            count = sum(_at_border(parameter, value, end) for value in values)
            # Each border of each hyperparameter is a chance to be wrong.
            likely = _tail(count, len(values), chance) > CHANCE / (2 * len(tested))
            if likely or count < MIN_BEST or 2 * count <= len(values):
                continue
            wider = widened(config, own, place, end)
            if wider is not None:
                bound = _bounds(parameter)[end == "high"]
                found.append(Edge(place, parameter, end, bound, count, len(values), wider))
    return found


def widened(
    config: dict[str, Any], own: dict[str, Any], place: int, end: str
) -> Hyperparameter | None:
    """The hyperparameter with more room at this end, as far as the template takes it; None if it
    takes nothing more."""
    space = compared(config, own)
    if not 0 <= place < len(space) or end not in ("low", "high"):
        return None
    parameter = space[place]
    if parameter.own is None or not _borders(parameter):
        return None
    governs = governed(read_space(own), parameter.name)
    for edit in _wider(parameter, end):
        try:
            changed = edited_parameter(parameter.own, edit, governs)
        except Refused:
            continue
        before, after = _bounds(parameter), _bounds(changed)
        if after[0] < before[0] or after[1] > before[1]:
            return changed
    return None


def _best_values(search: Search) -> list[dict[str, Any]]:
    """The values of the best tenth of the completed trials; nothing if there are too few."""
    if search.has_several_objectives:
        # The best in one objective are at the border where the others are worst.
        return []
    # Not their cells: trials have an index by score.
    best = search.trials.best_first(search.direction)
    total = best.count()
    if total < MIN_COMPLETED:
        return []
    count = min(max(math.ceil(SHARE * total), MIN_BEST), MAX_BEST)
    return list(best.values_list("values", flat=True)[:count])


def _borders(parameter: Hyperparameter) -> bool:
    """Whether it has two ends: a range, or a list of numbers in order."""
    if parameter.listed is None:
        return parameter.config["min_value"] < parameter.config["max_value"]
    numbers = is_number(parameter) and len(parameter.listed) > 1
    return parameter.kind == "Choice" and numbers and parameter.config.get("ordered") is not False


def _bounds(parameter: Hyperparameter) -> tuple[Any, Any]:
    """The smallest and the largest value that it can have."""
    if parameter.listed is not None:
        return min(parameter.listed), max(parameter.listed)
    low, high = parameter.config["min_value"], parameter.config["max_value"]
    if parameter.step is not None and (parameter.count or 0) < 10_000:
        return min(parameter.grid_values), max(parameter.grid_values)
    return low, high


def _zone(parameter: Hyperparameter) -> float:
    """How likely a random value is to lie at one of the borders."""
    return 1 / parameter.count if parameter.count and _has_few(parameter) else ZONE


def _has_few(parameter: Hyperparameter) -> bool:
    """Whether its last value is more than the border of a range."""
    return parameter.count is not None and parameter.count * ZONE < 1


def _at_border(parameter: Hyperparameter, value: Any, end: str) -> bool:
    low, high = _bounds(parameter)
    if parameter.listed is not None or _has_few(parameter):
        return bool(parameter.closest(value) == (high if end == "high" else low))
    where = position(parameter, value)
    return where >= 1 - ZONE if end == "high" else where <= ZONE


def _tail(count: int, number: int, chance: float) -> float:
    """How likely at least `count` of `number` are at the border by chance."""
    return math.fsum(
        math.comb(number, k) * chance**k * (1 - chance) ** (number - k)
        for k in range(count, number + 1)
    )


def _wider(parameter: Hyperparameter, end: str) -> Iterator[Edit]:
    """Ways to widen it, the widest first."""
    if parameter.listed is not None:
        for more in (2, 1):
            yield Values(_continued(parameter, end, more))
        return
    low, high = float(parameter.config["min_value"]), float(parameter.config["max_value"])
    step, sampling = parameter.step, parameter.sampling
    whole = parameter.kind == "Int"
    for share in (1.0, 0.5, 0.25, 0.0):
        if sampling == "log":
            # Ten times as far; with steps as many as make that, at least one.
            factor = 10.0**share if share else 1.0
            if step is not None:
                factor = step ** max(1, round(math.log(factor, step)))
            bottom, top = low / factor, high * factor
        else:
            width = (high - low) / 2 * share
            if step is not None:
                width = step * max(1, round(width / step))
            bottom, top = low - width, high + width
        bounds = (bottom, high) if end == "low" else (low, top)
        rounded = [round(b) if whole else float(f"{b:.6g}") for b in bounds]
        yield Range(rounded[0], rounded[1], step, sampling)


def _continued(parameter: Hyperparameter, end: str, more: int) -> tuple[Any, ...]:
    """A list of numbers with further ones at one end: 16, 32, 64 go on with 128."""
    values = sorted(parameter.listed or ())
    whole = all(isinstance(value, int) for value in values)
    ratios = [b / a for a, b in itertools.pairwise(values)] if values[0] > 0 else []
    geometric = len(ratios) > 1 and max(ratios) < min(ratios) * 1.01
    for _ in range(more):
        first, second = (values[-1], values[-2]) if end == "high" else (values[0], values[1])
        further = first * first / second if geometric else first + (first - second)
        further = round(further) if whole else float(f"{further:.6g}")
        values = [*values, further] if end == "high" else [further, *values]
    return tuple(values)
