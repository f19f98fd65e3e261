"""Comparing: trials of two searches side by side, picked from their pages while one still runs, and
the two searches."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.services import Tuneroom, wait_for

from .steps import LONG, create_project, look, query, search_key, start_search, wait_until_completed

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]


def _drawn(page: Any, plot: str) -> list[dict[str, Any]]:
    """The traces of a plot, as Plotly has them."""
    page.locator(f"{plot}.js-plotly-plot").first.wait_for(timeout=LONG)
    drawn: list[dict[str, Any]] = json.loads(
        page.locator(plot).first.evaluate(
            "element => JSON.stringify(element.data.map(({ name, x, y }) => ({ name, x, y })))"
        )
    )
    return drawn


def _curve(tuneroom: Tuneroom, trial: int, metric: str) -> list[float]:
    rows = query(
        tuneroom, "SELECT metrics FROM tuning_epoch WHERE trial_id = ? ORDER BY epoch", trial
    )
    return [json.loads(metrics)[metric] for (metrics,) in rows]


def _smooth(values: list[float], weight: float) -> list[float]:
    """TensorBoard's smoothing, written another time."""
    found, last = [], 0.0
    for count, value in enumerate(values, start=1):
        last = weight * last + (1 - weight) * value
        found.append(last / (1 - weight**count))
    return found


def test_trials_and_searches_are_compared(sign_in: Callable[..., Any], tuneroom: Tuneroom) -> None:
    page = sign_in()
    create_project(page, "Comparing")
    project = page.url
    start_search(page, max_trials="3", epochs="4")
    first = search_key(page, tuneroom)
    wait_until_completed(page)
    page.goto(project)
    start_search(page, max_trials="2", epochs="6")
    second = search_key(page, tuneroom)

    def trial(search: int, number: int) -> int:
        sql = "SELECT id FROM tuning_trial WHERE search_id = ? AND number = ?"
        ((key,),) = query(tuneroom, sql, search, number)
        return int(key)

    # The second search has begun: its first trial is compared while it runs, or just has.
    page.goto(f"{tuneroom.url}/trials/{trial(first, 2)}/")
    page.get_by_role("link", name="Add to comparison").click()
    page.get_by_text("Add at least one more trial").wait_for()
    page.goto(f"{tuneroom.url}/trials/{trial(second, 1)}/")
    page.get_by_role("link", name="Add to comparison").click()
    page.get_by_role("columnheader", name="Search 2, trial 1").first.wait_for()
    page.evaluate("window.sameDocument = true")
    ended = page.locator("#comparison .compare thead th").nth(1).locator(".status-completed")
    ended.wait_for(timeout=LONG)
    assert page.evaluate("window.sameDocument === true")

    # By search and number.
    page.locator("#add-search").select_option(label="1")
    page.get_by_label("Trial", exact=True).fill("3")
    page.get_by_role("button", name="Add trial").click()
    page.get_by_role("columnheader", name="Search 1, trial 3").first.wait_for()
    keys = [trial(first, 2), trial(second, 1), trial(first, 3)]
    assert page.url.endswith("/compare/?trial=1.2&trial=2.1&trial=1.3")

    # The curves are the rows, and what is chosen beside them stands in the address.
    traces = _drawn(page, "#comparison-plots .plot")
    for key, trace in zip(keys, traces, strict=True):
        assert trace["y"] == _curve(tuneroom, key, "val_accuracy")
    page.get_by_label("Smoothing").fill("0.6")
    page.get_by_label("Log axis").check()
    assert "smoothing=0.6" in page.url
    assert "log=1" in page.url
    smoothed = _drawn(page, "#comparison-plots .plot")[0]["y"]
    assert smoothed == pytest.approx(_smooth(_curve(tuneroom, keys[0], "val_accuracy"), 0.6))
    look(page, "compare-trials")

    # A colleague who gets the address sees the same, wherever they last were.
    other = sign_in()
    other.goto(page.url)
    other.get_by_role("columnheader", name="Search 1, trial 3").first.wait_for()
    assert _drawn(other, "#comparison-plots .plot")[0]["y"] == pytest.approx(smoothed)
    assert other.get_by_label("Log axis").is_checked()

    page.get_by_role("link", name="Show only differences").click()
    page.get_by_role("link", name="Show all rows").wait_for()
    page.get_by_role("link", name="Remove search 1, trial 2").click()
    page.wait_for_url("**/compare/?trial=2.1&trial=1.3*")

    # What is drawn are the rows once none of them changes any more.
    sql = "SELECT status FROM tuning_search WHERE id = ?"
    wait_for(lambda: query(tuneroom, sql, second) == [("completed",)], "the second search ends")
    page.goto(project)
    page.get_by_role("link", name="Compare searches").click()
    best = _drawn(page, "#best-plots .plot")
    assert [trace["name"] for trace in best] == ["Search 1", "Search 2"]
    for search, trace in zip((first, second), best, strict=True):
        sql = "SELECT max(score) FROM tuning_trial WHERE search_id = ?"
        assert trace["y"][-1] == query(tuneroom, sql, search)[0][0]
    page.locator("#over").select_option("training")
    assert "over=training" in page.url
    look(page, "compare-searches")
    look_at_trial = f"{tuneroom.url}/trials/{keys[0]}/"
    page.goto(look_at_trial)
    _drawn(page, "#curves-plots .plot")
    look(page, "trial")
