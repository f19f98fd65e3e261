from typing import Any

import pandas as pd
import pytest

from tuning.models import Search

pytestmark = pytest.mark.django_db


def test_scores_and_the_best_so_far_agree_with_pandas(
    big: Search, raw: pd.DataFrame, info: Any
) -> None:
    found = info("history", big)
    done = raw[raw.status == "completed"]
    assert found["number"] == done.number.tolist()
    assert found["pk"] == done.pk.tolist()
    assert found["scores"] == pytest.approx(done.score.tolist())
    best = done.score.cummax()
    steps = dict(zip(found["best_numbers"], found["best"], strict=True))
    assert steps[found["number"][-1]] == pytest.approx(best.iloc[-1])
    changes = done[best.diff().fillna(1) > 0]
    assert set(changes.number) <= set(steps)
    assert found["failed"] == raw[raw.status == "failed"].number.tolist()


def test_the_best_so_far_is_what_optuna_finds(big: Search, raw: pd.DataFrame, info: Any) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    for score in raw[raw.status == "completed"].score:
        study.add_trial(optuna.trial.create_trial(value=score))
    assert info("history", big)["best"][-1] == pytest.approx(study.best_value)


def test_a_filter_leaves_its_trials_only(big: Search, raw: pd.DataFrame, info: Any) -> None:
    found = info("history", big, "hp:units__gte=40")
    kept = raw[(raw.status == "completed") & (raw.units >= 40)]
    assert found["number"] == kept.number.tolist()


def test_a_search_without_trials_has_no_points(make_search: Any, info: Any) -> None:
    search = make_search()
    search.trials.all().delete()
    found = info("history", search)
    assert (found["scores"], found["best"], found["failed"]) == ([], [], [])


def test_it_says_that_only_some_failures_are_drawn(
    big: Search, raw: pd.DataFrame, info: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = raw[raw.status == "failed"].number.tolist()
    assert info("history", big)["note"] == ""
    monkeypatch.setattr("tuning.analysis.plots.history.MAX_POINTS", 4)
    found = info("history", big)
    assert 1 < len(found["failed"]) <= 4
    # From all of the search, not its beginning only.
    assert max(found["failed"]) > failed[4]
    assert f"{len(found['failed'])} of {len(failed)} failed trials are drawn." in found["note"]
