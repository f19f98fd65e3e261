"""Accuracy against parameters with a constraint: from the form over the front to a model."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.services import Tuneroom, wait_for

from .steps import LONG, create_project, look, query, search_key, wait_until_completed

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]

MAX_PARAMETERS = 40_000


def test_from_two_objectives_to_a_model(sign_in: Callable[..., Any], tuneroom: Tuneroom) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    create_project(page, "Small and good")
    page.get_by_role("link", name="New search").first.click(timeout=LONG)
    fill_form(page)
    page.get_by_role("button", name="Start search").first.click()
    search = search_key(page, tuneroom)
    wait_until_completed(page)
    trials = query(
        tuneroom, "SELECT number, status, parameters, score, epochs_done FROM tuning_trial "
        "WHERE search_id = ? ORDER BY number", search,
    )  # fmt: skip
    front = front_by_hand(trials)
    assert len(trials) == 10
    for _, status, parameters, _, epochs in trials:
        assert (status == "infeasible") == (parameters > MAX_PARAMETERS) == (epochs == 0)
    assert any(status == "infeasible" for _, status, *_ in trials)

    # The page speaks of the front, and suggests a compromise.
    hero = page.locator("#search-hero")
    assert "Pareto front of val_accuracy, Parameters" in hero.inner_text()
    rows = page.locator("#search-result tbody tr").all_inner_texts()
    assert sorted(int(row.split()[1]) for row in rows) == front
    page.locator("#history-plot .main-svg").first.wait_for()
    assert "best so far" not in page.locator("main").inner_text().lower()
    look(page, "pareto-search")
    knee = page.locator("#hero-knee").inner_text()

    # The front as a plot and as marks in the table.
    page.locator("#front-plot").click()
    page.wait_for_url("**/trials/?*")
    plot = page.locator("#plot-pareto .plot")
    plot.locator(".main-svg").first.wait_for()
    marked = page.locator(".trials tbody tr", has=page.locator(".tag.accent"))
    assert sorted(map(int, marked.locator('[id^="row-"]').all_inner_texts())) == front
    page.locator("#plot-pareto .plot").evaluate("plot => plot.scrollIntoView()")
    look(page, "pareto-trials")

    # Pick the compromise and retrain it.
    page.go_back()
    page.locator("#hero-knee").click()
    heading = page.get_by_role("heading", level=1)
    wait_for(lambda: knee in heading.inner_text().lower(), "the suggested trial is open")
    assert "on the Pareto front" in heading.inner_text()
    look(page, "pareto-trial")
    page.locator("#retrain button").click()
    page.wait_for_url("**/models/*/")
    page.get_by_role("link", name=re.compile("^Download .*keras")).first.wait_for(timeout=LONG)


def fill_form(page: Any) -> None:
    page.locator("#more-settings").evaluate("details => { details.open = true; }")
    more = page.locator("#more-objectives")
    tuner = page.locator("#id_tuner")
    hyperband = tuner.locator('option[value="hyperband"]')
    assert not page.locator("#id_objective_2").is_visible()
    more.get_by_role("button", name="Add objective").click()
    page.locator("#id_objective_2").select_option("parameters")
    assert page.locator("#id_direction_2 option").first.inner_text() == "Lower is better (detected)"
    # What is not available with several objectives says so.
    assert hyperband.is_disabled()
    more.get_by_text("Hyperband needs a single objective.").wait_for()
    page.get_by_text("Pruning is off: with several objectives").wait_for()
    more.get_by_role("button", name="Add constraint").click()
    page.locator("#id_constraint_1").select_option("parameters")
    page.locator("#id_constraint_1_limit").fill(str(MAX_PARAMETERS))
    page.locator("#search-plan").get_by_text("compares 2 objectives").wait_for()
    for name, value in {"max_trials": 10, "epochs": 2, "seed": 3}.items():
        page.locator(f"[name={name}]").fill(str(value))
    look(page, "pareto-form")
    # A row can be removed again.
    more.get_by_role("button", name="Add objective").click()
    page.locator("#id_objective_3").select_option("val_loss")
    more.get_by_role("button", name="Remove objective 3").click()
    assert not page.locator("#id_objective_3").is_visible()
    assert page.locator("#id_objective_3").input_value() == ""


def front_by_hand(trials: list[tuple[Any, ...]]) -> list[int]:
    """The numbers of the completed trials that no other one beats in both."""
    done = [(n, p, s) for n, status, p, s, _ in trials if status == "completed"]
    return [
        n for n, p, s in done
        if not any(q <= p and t >= s and (q, t) != (p, s) for _, q, t in done)
    ]  # fmt: skip
