"""A script that does not report each step: its pruner compares at the same reports as Optuna's."""

import pytest
from optuna.pruners._percentile import _is_first_in_interval_step

from tuning.runner.optuna_scripts.samplers_and_pruners import Reported


@pytest.mark.parametrize("steps", [range(12), range(1, 13), range(0, 120, 10), range(10, 130, 10)])
@pytest.mark.parametrize(("warmup", "interval"), [(0, 1), (10, 1), (20, 20), (30, 30), (5, 10)])
def test_a_pruner_compares_at_the_same_reports(steps: range, warmup: int, interval: int) -> None:
    reported = Reported(steps, len(steps))
    first = reported.first + reported.before(warmup)
    counted = range(reported.first, reported.first + len(steps))

    def compared(known: range, first: int, interval: int) -> list[bool]:
        return [
            step >= first
            and _is_first_in_interval_step(step, set(known[: place + 1]), first, interval)
            for place, step in enumerate(known)
        ]

    theirs = compared(steps, warmup, interval)
    assert compared(counted, first, reported.within(interval)) == theirs
