"""When a runner listens for a verdict, how long, and what a verdict ends."""

import pytest

from tuning.protocol.orders import TrialOrder, VerdictOrder
from tuning.runner import pruning
from tuning.runner.pruning import Pruned, Pruning

QUICK, SLOW = 0.2, 1.5


class Judge:
    """In place of a channel: verdicts, and how long the runner would have waited for each."""

    def __init__(self, *verdicts: VerdictOrder | None) -> None:
        self._verdicts = list(verdicts)
        self.waited: list[float] = []

    def verdict(self, seconds: float) -> VerdictOrder | None:
        self.waited.append(seconds)
        return self._verdicts.pop(0) if self._verdicts else None


def begun(judge: Judge, after: int | None = 0, **values: object) -> Pruning:
    made = Pruning(judge)  # type: ignore[arg-type]
    made.begin(TrialOrder("0001", values, 1, "token", after))
    return made


def verdict(units: int, prune: bool = False, keep_weights: bool = False) -> VerdictOrder:
    return VerdictOrder("token", units, prune, keep_weights)


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning.time, "monotonic", lambda: 0.0)


def test_nothing_is_waited_for_without_verdicts() -> None:
    judge = Judge()
    trial = begun(judge, None)
    assert not any(trial.epoch_ended(QUICK) for _ in range(20))
    assert judge.waited == []


def test_nothing_is_waited_for_in_the_first_epochs() -> None:
    judge = Judge(verdict(3))
    trial = begun(judge, 2)
    assert [trial.epoch_ended(QUICK) for _ in range(2)] == [False, False]
    assert judge.waited == []
    assert not trial.epoch_ended(QUICK)
    assert judge.waited == [0.05]


def test_a_verdict_says_whether_weights_are_kept() -> None:
    trial = begun(Judge(verdict(1, prune=True, keep_weights=True), verdict(1, prune=True)))
    assert trial.epoch_ended(QUICK)
    assert trial.keeps_weights
    trial.begin(TrialOrder("0002", {}, 1, "token", 0))
    assert trial.epoch_ended(QUICK)
    assert not trial.keeps_weights


def test_a_resumed_trial_counts_the_epochs_behind_it() -> None:
    judge = Judge(verdict(5, prune=True))
    trial = begun(judge, 4, **{"tuner/initial_epoch": 3})
    assert [trial.epoch_ended(QUICK) for _ in range(2)] == [False, True]
    assert len(judge.waited) == 1


def test_a_slow_epoch_leaves_time_enough() -> None:
    judge = Judge()
    begun(judge).epoch_ended(SLOW)
    assert judge.waited == [0.0]


def test_a_late_verdict_is_heard_at_a_later_epoch() -> None:
    judge = Judge(None, verdict(1, prune=True))
    trial = begun(judge)
    assert not trial.epoch_ended(QUICK)
    assert not trial.is_pruned
    assert trial.epoch_ended(QUICK)
    assert trial.is_pruned


def test_a_late_verdict_does_not_hide_the_next_one() -> None:
    trial = begun(Judge(None, verdict(1), verdict(2, prune=True)))
    assert [trial.epoch_ended(QUICK) for _ in range(2)] == [False, True]


def test_once_answered_nothing_more_is_waited_for() -> None:
    judge = Judge(verdict(1))
    assert not begun(judge).epoch_ended(QUICK)
    assert len(judge.waited) == 1


def test_a_training_that_goes_on_is_ended_each_time_again() -> None:
    trial = begun(Judge(verdict(1, prune=True)))
    assert trial.epoch_ended(QUICK)
    for _ in range(2):
        with pytest.raises(Pruned):
            trial.check()
        with pytest.raises(Pruned):
            trial.epoch_ended(QUICK)
    assert not issubclass(Pruned, Exception), "code that handles errors must not handle it"


def test_the_next_trial_begins_unpruned() -> None:
    trial = begun(Judge(verdict(1, prune=True)))
    assert trial.epoch_ended(QUICK)
    trial.begin(TrialOrder("0002", {}, 1, "other", None))
    trial.check()
    assert not trial.epoch_ended(QUICK)
