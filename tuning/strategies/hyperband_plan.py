"""Hyperband's plan, computed as KerasTuner's own oracle does: which rounds, how many trials."""

import math
from dataclasses import dataclass


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
