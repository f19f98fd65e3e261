"""Which values go with failed trials, reason by reason.

A region is what a search space can exclude: values from a bound on, up to a bound, or one choice.
The map shows regions in which the share of failures is much higher than outside, by more than
chance. Where no single region explains a reason, it shows the best pair of regions, which no space
can express.
Where there is no such region, the values that all of a reason's trials share are listed instead
(`failed_values`). Trials that completed although a metric was NaN are a reason like any other.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tuning.figures import counted, in_words, setting
from tuning.models import Search
from tuning.protocol.failures import FailureCode
from tuning.protocol.statuses import Status
from tuning.spaces.edits import is_number
from tuning.spaces.hyperparameters import Hyperparameter, read_space

from .failed_values import SharedValue, TrialTable, shared_values, trial_table

# Fewer failures of a reason show no pattern.
MIN_FAILED = 3
# How much more often it has to fail inside, and how rarely chance may give what is shown.
MIN_LIFT, CHANCE = 2.0, 0.01
# Bounds that are tried for a range: of few trials, of many, and for each range of a pair.
BOUNDS, MANY, ROUGH_BOUNDS, FEW_BOUNDS = 200, 5000, 40, 6
# A region with this share of failures explains enough: pairs are not looked for.
CLEAR = 0.8
MAX_REASONS, MAX_REGIONS = 12, 3


@dataclass(frozen=True)
class Side:
    """A region of one hyperparameter: `way` is from, to or is."""

    place: int
    name: str
    way: str
    value: Any

    @property
    def text(self) -> str:
        words = {"from": "≥ {}", "to": "≤ {}", "is": "is {}"}[self.way]
        return f"{self.name} {words.format(setting(self.value))}"

    @property
    def key(self) -> str:
        """Names it in an address: see `refinement`."""
        return f"{self.place}.{self.way}.{self.value!r}"


@dataclass(frozen=True)
class Region:
    """One side or two that hold together; `failed_inside` of `inside` trials failed for the reason,
    `failed_outside` of `outside`. Neither counts trials that do not have the hyperparameters in
    use, nor those that failed for another reason, before this one could show."""

    sides: tuple[Side, ...]
    failed_inside: int
    inside: int
    failed_outside: int
    outside: int

    @property
    def text(self) -> str:
        return " and ".join(side.text for side in self.sides)

    @property
    def share_inside(self) -> float:
        return self.failed_inside / self.inside

    @property
    def share_outside(self) -> float:
        return self.failed_outside / self.outside if self.outside else 0.0

    @property
    def percent_inside(self) -> int:
        return round(100 * self.share_inside)

    @property
    def percent_outside(self) -> int:
        return round(100 * self.share_outside)

    @property
    def lift(self) -> float:
        """How many times as often it fails inside; infinite if it never fails outside."""
        return self.share_inside / self.share_outside if self.failed_outside else math.inf


@dataclass(frozen=True)
class Reason:
    """Failures with one code and, but for numbers, one message; or completed trials with the same
    metrics in `not_finite`. `first` is the first such trial."""

    failure: FailureCode | None
    message: str
    count: int
    first: tuple[int, int]
    regions: tuple[Region, ...]
    trials: TrialTable
    shared: tuple[SharedValue, ...] = ()
    not_finite: tuple[str, ...] = ()

    @property
    def caption(self) -> str:
        if self.not_finite:
            return f"Completed, but {in_words(list(self.not_finite))} became NaN or infinite"
        return self.failure.caption if self.failure else "Failed"

    @property
    def is_few(self) -> bool:
        """Too few for a pattern."""
        return self.count < MIN_FAILED

    @property
    def no_pattern(self) -> str:
        """Why there are no regions."""
        if self.shared:
            few, none = "Too few trials for a pattern.", "No values stand out by more than chance."
            shared = "Values that all of them share (not necessarily the cause):"
            return f"{few if self.is_few else none} {shared}"
        if self.count == 1:
            return "A single trial shows no pattern."
        return "Too few trials for a pattern." if self.is_few else "No values stand out."


@dataclass(frozen=True)
class FailureMap:
    """`trials` have ended, `failed` of them as failed; `not_finite` completed with a metric that
    was NaN or infinite."""

    reasons: tuple[Reason, ...]
    failed: int
    trials: int
    not_finite: int = 0
    # How many reasons there are beyond those that are shown.
    more: int = 0

    @property
    def counts(self) -> str:
        """Empty if nothing failed."""
        failed = f"{self.failed:,} of {counted(self.trials, 'trial')} failed."
        completed = counted(self.not_finite, "trial")
        odd = f"{completed} completed although a metric was NaN or infinite."
        parts = [failed] * bool(self.failed) + [odd] * bool(self.not_finite)
        return " ".join(parts)


def failure_map(search: Search) -> FailureMap:
    """Of all trials that completed or failed. Two queries."""
    ended = search.trials.filter(status__in=(Status.COMPLETED, Status.FAILED)).order_by("number")
    trials = list(ended.values_list("pk", "number", "status", "values", "not_finite"))
    failures = ended.filter(status=Status.FAILED)
    rows = failures.values_list("pk", "failure_code", "failure_message")
    messages = {pk: (code, message) for pk, code, message in rows}
    failed: dict[tuple[str, str], list[int]] = {}
    diverged: dict[tuple[str, ...], list[int]] = {}
    for index, (pk, _, status, _, not_finite) in enumerate(trials):
        if status == Status.FAILED and pk in messages:
            code, message = messages[pk]
            failed.setdefault((code, normalised(message)), []).append(index)
        elif status == Status.COMPLETED and not_finite:
            diverged.setdefault(tuple(not_finite), []).append(index)
    reader = _Reasons(read_space(search.space), trials)
    reasons = [
        reader.failed(members, *messages[trials[members[0]][0]])
        for _, members in _largest(failed)[:MAX_REASONS]
    ]
    reasons += [
        reader.diverged(members, names) for names, members in _largest(diverged)[:MAX_REASONS]
    ]
    more = sum(max(len(groups) - MAX_REASONS, 0) for groups in (failed, diverged))
    return FailureMap(
        tuple(reasons), len(messages), len(trials), sum(map(len, diverged.values())), more
    )


class _Reasons:
    """Makes reasons of trials, which are named by their index."""

    def __init__(self, space: list[Hyperparameter], trials: Sequence[Any]) -> None:
        self._space = space
        self._trials = trials
        completed = [i for i, (_, _, status, *_) in enumerate(trials) if status != Status.FAILED]
        self._sound = [index for index in completed if not trials[index][4]]
        values = [values for _, _, _, values, _ in trials]
        self._finder = Finder(space, values, completed)
        self._values = values

    def failed(self, members: list[int], code: str, message: str) -> Reason:
        failure = FailureCode(code) if code else None
        return self._reason(members, failure, first_line(message))

    def diverged(self, members: list[int], names: tuple[str, ...]) -> Reason:
        return self._reason(members, None, "", names)

    def _reason(
        self, members: list[int], failure: FailureCode | None, message: str,
        not_finite: tuple[str, ...] = (),
    ) -> Reason:  # fmt: skip
        regions = tuple(self._finder.regions(members))
        bad = [self._values[index] for index in members]
        good = [self._values[index] for index in self._sound]
        rows = [(*self._trials[index][:2], self._values[index]) for index in members]
        return Reason(
            failure=failure,
            message=message,
            count=len(members),
            first=rows[0][:2],
            regions=regions,
            trials=trial_table(self._space, rows),
            shared=() if regions else shared_values(self._space, bad, good),
            not_finite=not_finite,
        )


def _largest(groups: dict[Any, list[int]]) -> list[tuple[Any, list[int]]]:
    return sorted(groups.items(), key=lambda group: -len(group[1]))


def first_line(message: str) -> str:
    lines = message.strip().splitlines()
    return lines[0].strip()[:300] if lines else ""


def normalised(message: str) -> str:
    """A message without what differs from trial to trial: its numbers."""
    return re.sub(r"0x[0-9a-f]+|\d+(\.\d+)?(e[-+]?\d+)?", "#", first_line(message).lower())[:200]


@dataclass(frozen=True)
class Candidate:
    """Trials as bits: `inside` the region, and `used`, those that have its hyperparameters in
    use."""

    sides: tuple[Side, ...]
    inside: int
    used: int


class Finder:
    """Finds regions in the values of trials. A set of trials is a whole number, a bit for each: so
    thousands of regions of 100,000 trials are compared in milliseconds."""

    def __init__(
        self, space: list[Hyperparameter], trials: Sequence[dict[str, Any]],
        completed: Sequence[int],
    ) -> None:  # fmt: skip
        self.count = len(trials)
        self.good = _bits(completed, self.count)
        self.sides: list[Candidate] = []
        self.coarse: list[Candidate] = []
        bounds = BOUNDS if self.count <= MANY else ROUGH_BOUNDS
        for place, parameter in enumerate(space):
            column = [_value(parameter, values) for values in trials]
            self.sides += _sides(place, parameter, column, bounds)
            self.coarse += _sides(place, parameter, column, FEW_BOUNDS)

    def regions(self, failed: Sequence[int]) -> list[Region]:
        """The best regions of these trials, by their index, one for each hyperparameter; the best
        pair as well if no region alone is clear."""
        if len(failed) < MIN_FAILED:
            return []
        bad = _bits(failed, self.count)
        found = self._best(bad, self.sides, len(self.sides))
        if any(region.share_inside >= CLEAR for region in found):
            return found
        pairs = len(self.coarse) * (len(self.coarse) - 1) // 2
        pair = self._best(bad, self._pairs(), pairs)[:1]
        better = [p for p in pair if all(p.share_inside > 1.2 * r.share_inside for r in found)]
        return [*better, *found][:MAX_REGIONS]

    def _pairs(self) -> Iterator["Candidate"]:
        for index, one in enumerate(self.coarse):
            for other in self.coarse[index + 1 :]:
                if one.sides[0].place != other.sides[0].place:
                    yield Candidate(
                        one.sides + other.sides, one.inside & other.inside, one.used & other.used
                    )

    def _best(self, bad: int, candidates: Iterable["Candidate"], tests: int) -> list[Region]:
        """Least likely by chance first; `tests` is how often chance could strike."""
        counted = self.good | bad
        best: dict[tuple[int, ...], tuple[float, Region]] = {}
        for candidate in candidates:
            hits = (candidate.inside & bad).bit_count()
            if hits < MIN_FAILED:
                continue
            inside = (candidate.inside & counted).bit_count()
            total = (candidate.used & counted).bit_count()
            failed = (candidate.used & bad).bit_count()
            outside, misses = total - inside, failed - hits
            if not outside:
                continue
            if hits * outside < MIN_LIFT * misses * inside:
                continue
            likely = log_tail(hits, inside, failed, total)
            if likely + math.log(max(tests, 1)) > math.log(CHANCE):
                continue
            places = tuple(side.place for side in candidate.sides)
            if places not in best or likely < best[places][0]:
                region = Region(candidate.sides, hits, inside, misses, outside)
                best[places] = (likely, region)
        ranked = sorted(best.values(), key=lambda item: item[0])
        return [region for _, region in ranked[:MAX_REGIONS]]


def log_tail(hits: int, inside: int, failed: int, total: int) -> float:
    """The logarithm of how likely at least so many of the failed trials lie inside by chance
    (Fisher's exact test)."""
    first = _log_chance(hits, inside, failed, total)
    ratio, tail = 1.0, 1.0
    for k in range(hits, min(inside, failed)):
        ratio *= (inside - k) * (failed - k) / ((k + 1) * (total - inside - failed + k + 1))
        tail += ratio
        if ratio < 1e-12 * tail:
            break
    return first + math.log(tail)


def _log_chance(hits: int, inside: int, failed: int, total: int) -> float:
    return (
        _log_ways(inside, hits) + _log_ways(total - inside, failed - hits)
        - _log_ways(total, failed)
    )  # fmt: skip


def _log_ways(of: int, chosen: int) -> float:
    return math.lgamma(of + 1) - math.lgamma(chosen + 1) - math.lgamma(of - chosen + 1)


def _value(parameter: Hyperparameter, values: dict[str, Any]) -> Any:
    return values.get(parameter.name) if parameter.is_active(values) else None


def _sides(
    place: int, parameter: Hyperparameter, column: Sequence[Any], bounds: int
) -> Iterator[Candidate]:
    """The regions of a hyperparameter that leave something of it."""
    groups: dict[Any, list[int]] = {}
    for index, value in enumerate(column):
        if value is not None:
            groups.setdefault((isinstance(value, bool), value), []).append(index)
    if len(groups) < 2:
        return
    total = len(column)
    used = _bits([member for members in groups.values() for member in members], total)
    if not is_number(parameter) or parameter.config.get("ordered") is False:
        for (_, value), members in groups.items():
            side = Side(place, parameter.name, "is", value)
            yield Candidate((side,), _bits(members, total), used)
        return
    values = sorted(value for _, value in groups)
    every = max(len(values) // bounds, 1)
    below = 0
    pieces: list[list[int]] = []
    for index, value in enumerate(values[:-1]):
        pieces.append(groups[False, value])
        if (index + 1) % every and len(values) > bounds:
            continue
        below |= _bits([member for piece in pieces for member in piece], total)
        pieces = []
        yield Candidate((Side(place, parameter.name, "to", value),), below, used)
        above = Side(place, parameter.name, "from", values[index + 1])
        yield Candidate((above,), used & ~below, used)


def _bits(members: Sequence[int], total: int) -> int:
    marks = bytearray((total + 7) // 8)
    for member in members:
        marks[member >> 3] |= 1 << (member & 7)
    return int.from_bytes(marks, "little")
