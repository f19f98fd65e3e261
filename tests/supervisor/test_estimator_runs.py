"""Searches over estimators and their retraining, as the supervisor records them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tuning.actions.saved_models import retrain
from tuning.protocol.events import Built, EpochEnd, TrialEnd
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import Status

from .fake_runner import Step

SETTINGS = {
    "model_kind": ModelKind.SKLEARN, "objective": "score", "epochs": 1, "folds": 3,
    "scoring": "f1_macro", "max_trials": 2,
}  # fmt: skip


def folds(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
    assert (order.kind, order.folds, order.scoring) == ("sklearn", 3, "f1_macro")
    yield Built(0, "Ridge()")
    for fold in range(order.folds):
        yield EpochEnd(fold, 1, 0.1, {"score": 0.5 + fold / 10})
    yield TrialEnd({"score": 0.6, "score_std": 0.1}, 0)


def test_each_fold_is_an_execution(make_search: Any, make_slot: Any) -> None:
    search = make_search(**SETTINGS)
    make_slot(folds).run()
    for trial in search.trials.all():
        assert (trial.status, trial.score, trial.epochs_done) == (Status.COMPLETED, 0.6, 3)
        assert trial.execution_scores == pytest.approx([0.5, 0.6, 0.7])
        assert trial.metrics["score_std"] == 0.1
        assert trial.layers == "Ridge()"


@pytest.mark.parametrize(
    ("types", "status"),
    [
        (["sklearn.tree._tree.Tree"], Status.COMPLETED),
        (["sklearn.tree._tree.Tree", "os.system"], Status.FAILED),
    ],
)
def test_the_file_ends_as_the_search_says(
    types: list[str], status: Status, make_search: Any, make_slot: Any, alice: Any
) -> None:
    search = make_search(**SETTINGS)
    make_slot(folds).run()
    saved = retrain(alice, search.trials.first())
    make_slot(folds, trusted_types=types).run()
    saved.refresh_from_db()
    assert saved.status == status
    if status == Status.COMPLETED:
        assert saved.file == f"{saved.pk}-1.skops"
        assert saved.trusted_types == types
    else:
        assert (saved.failure_code, saved.file) == ("bad_event", "")
