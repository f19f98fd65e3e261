"""Which trials are said to have diverged after their best epoch, on any scale of the metric."""

from typing import Any

import pytest

from tests.views.conftest import add_trial  # noqa: F401
from tuning.analysis.decline import decline_of, is_far_worse
from tuning.models import Epoch, Search, Trial


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize(
    ("direction", "first", "best", "last", "expected"),
    [
        # A loss that explodes, at once or after it had improved.
        ("min", 0.3, 0.3, 80.0, True),
        ("min", 2.0, 0.3, 80.0, True),
        # Ordinary overfitting: by a fifth, doubled, tripled but no worse than at the start.
        ("min", 0.7, 0.30, 0.36, False),
        ("min", 0.3, 0.30, 0.36, False),
        ("min", 0.7, 0.30, 0.60, False),
        ("min", 2.3, 0.30, 1.00, False),
        # Worse than at the start, but by less than what had been gained.
        ("min", 0.9, 0.20, 1.40, False),
        ("min", 0.9, 0.20, 1.70, True),
        # Scores: from good to worse than at the start, or noise near the best.
        ("max", 0.5, 0.90, 0.10, False),
        ("max", 0.8, 0.90, 0.10, True),
        ("max", 0.8, 0.90, 0.85, False),
        ("max", 0.1, 0.60, -50.0, True),
        # Losses may be negative, or nothing at best.
        ("min", -1.0, -5.0, -1.0, False),
        ("min", -4.0, -5.0, 20.0, True),
        ("min", 0.1, 0.0, 0.15, False),
        ("min", 0.1, 0.0, 0.30, True),
        ("min", 0.3, 0.3, 0.3, False),
    ],
)
def test_far_worse(
    direction: str, first: float, best: float, last: float, expected: bool, scale: float
) -> None:
    assert is_far_worse(direction, scale * first, scale * best, scale * last) is expected


@pytest.fixture
def diverged(make_search: Any, add_trial: Any) -> Trial:  # noqa: F811
    search: Search = make_search(objective="val_loss", direction="min", epochs=20)
    trial: Trial = add_trial(
        search, 1, 0.3, best_epoch=1, metrics={"val_loss": 0.3}, last_metrics={"val_loss": 80.0}
    )
    trial.epochs.update(metrics={"val_loss": 0.3})
    Epoch.objects.create(
        trial=trial, attempt=1, execution=0, epoch=20, seconds=1, metrics={"val_loss": 80.0}
    )
    return trial


@pytest.mark.django_db
def test_of_a_trial(diverged: Trial) -> None:
    found = decline_of(diverged)
    assert found
    assert found.sentence == "Best at epoch 1 of 20: afterwards val_loss rose from 0.3000 to 80.00."
    # Nothing to say of a trial that has no score, or whose end is not known.
    assert decline_of(Trial(search=diverged.search, last_metrics={"val_loss": 80.0})) is None
    diverged.last_metrics = {}
    assert decline_of(diverged) is None


@pytest.mark.django_db
def test_other_trials_need_no_queries(diverged: Trial, django_assert_num_queries: Any) -> None:
    diverged.last_metrics = {"val_loss": 0.36}
    assert diverged.search.objective == "val_loss"
    with django_assert_num_queries(0):
        assert decline_of(diverged) is None
