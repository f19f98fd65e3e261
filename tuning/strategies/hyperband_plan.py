"""Hyperband's plan, computed as KerasTuner's own oracle does: which rounds, how many trials."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class Round:
    """`trials` models that are trained up to `epochs`, counted from the model's start."""

    number: int
    trials: int
    epochs: int


@dataclass(frozen=True)
class Bracket:
    number: int
    rounds: tuple[Round, ...]


def brackets(max_epochs: int, factor: int) -> list[Bracket]:
    """One iteration, in the order in which KerasTuner runs it."""
    return [
        Bracket(
            number,
            tuple(
                Round(
                    index,
                    _size(max_epochs, factor, number, index),
                    _epochs(max_epochs, factor, number, index),
                )
                for index in range(number + 1)
            ),
        )
        for number in reversed(range(_bracket_count(max_epochs, factor)))
    ]


def bracket_of(number: int, epochs: int, max_epochs: int, factor: int) -> int:
    """The bracket whose round of this number trains up to `epochs`. KerasTuner's `tuner/bracket` is
    that of the latest bracket, also for trials that go on in an earlier one."""
    last = _bracket_count(max_epochs, factor) - 1
    return next(
        (b for b in range(number, last) if _epochs(max_epochs, factor, b, number) == epochs), last
    )


def trial_count(max_epochs: int, factor: int, iterations: int) -> int:
    """Trials of all iterations, without the baseline."""
    plan = brackets(max_epochs, factor)
    return iterations * sum(item.trials for bracket in plan for item in bracket.rounds)


def epoch_count(max_epochs: int, factor: int, iterations: int) -> int:
    """Epochs of all iterations: a promoted model goes on where its last round ended."""
    total = 0
    for bracket in brackets(max_epochs, factor):
        before = 0
        for item in bracket.rounds:
            total += item.trials * (item.epochs - before)
            before = item.epochs
    return total * iterations


def max_promotable(max_epochs: int, factor: int) -> int:
    """How many trials of a bracket wait for a later round, or are gone on with, at most."""
    plan = brackets(max_epochs, factor)
    return max(sum(each.trials for each in bracket.rounds[1:]) for bracket in plan)


def promotable(
    state: Mapping[str, Any], max_epochs: int, factor: int, scores: Mapping[str, float],
    direction: str,
) -> set[str]:  # fmt: skip
    """The completed trials, by KerasTuner's names, that a later round may still go on with. `state`
    is the oracle's. A round takes the best that it has not taken yet, one by one: of those that
    are known now, it can only take as many of the best as it still has places."""
    found: set[str] = set()
    for bracket in state.get("brackets", []):
        for index, (members, chosen) in enumerate(pairwise(bracket["rounds"]), 1):
            places = _size(max_epochs, factor, bracket["bracket_num"], index) - len(chosen)
            taken = {each["past_id"] for each in chosen}
            waiting = [each["id"] for each in members if each["id"] in scores.keys() - taken]
            # Of equal ones, those that began first, as KerasTuner sorts them.
            waiting.sort(key=scores.__getitem__, reverse=direction == "max")
            found.update(waiting[: max(places, 0)])
    return found


def _bracket_count(max_epochs: int, factor: int) -> int:
    epochs, count = float(max_epochs), 0
    while epochs >= 1:
        epochs /= factor
        count += 1
    return count


def _size(max_epochs: int, factor: int, bracket: int, index: int) -> int:
    end_size = math.ceil(1 + math.log(max_epochs, factor)) / (bracket + 1)
    return math.ceil(end_size * factor ** (bracket - index))


def _epochs(max_epochs: int, factor: int, bracket: int, index: int) -> int:
    return math.ceil(max_epochs / factor ** (bracket - index))
