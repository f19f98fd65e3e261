"""An automatic search that prunes, from the form to a refined search that a target ends."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.services import Tuneroom

from .steps import LONG, create_project, look, query, search_key, start_search, wait_until_completed

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]


def test_pruned_trials_from_form_to_refinement(
    sign_in: Callable[..., Any], tuneroom: Tuneroom
) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    create_project(page, "Pruned digits")
    start_search(page, pruner="asha", max_trials="8", epochs="6")
    search = search_key(page, tuneroom)

    # Pruned trials are counted while the search runs, and what that saves.
    page.evaluate("window.sameDocument = true")
    page.locator("#search-hero .status-pruned").filter(has_text=re.compile("[1-9]")).wait_for(
        timeout=LONG
    )
    page.get_by_text("Pruning saved").wait_for(timeout=LONG)
    assert page.evaluate("window.sameDocument === true")

    # A trial that a person wants is trained to its end, however bad it is.
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Try values").click()
    page.get_by_label("learning_rate").fill("0.0001")
    page.get_by_role("button", name="Run trial").click()
    page.goto(f"/searches/{search}/")
    wait_until_completed(page)
    look(page, "pruning-search")
    rows = query(
        tuneroom,
        "SELECT number, status, epochs_done, score, oracle_id FROM tuning_trial"
        " WHERE search_id = ? ORDER BY number",
        search,
    )
    assert len(rows) == 9
    assert {status for _, status, *_ in rows} == {"completed", "pruned"}
    pruned = [row for row in rows if row[1] == "pruned"]
    assert all(score is None and 1 <= epochs < 6 for _, _, epochs, score, _ in pruned)
    (tried,) = (row for row in rows if not row[4] and row[0] > 1)
    assert tried[1:3] == ("completed", 6)
    saved = sum(6 - epochs for _, _, epochs, *_ in pruned)
    page.get_by_text(f"{saved} of {9 * 6} planned").wait_for()
    page.get_by_text("Automatic").first.wait_for()
    page.get_by_text("Reached the maximum of 9 trials.").wait_for()

    # The best of the table has a score; one that was pruned can be trained to its end.
    page.get_by_role("link", name="Trials", exact=True).click()
    page.get_by_role("cell", name="Pruned").first.wait_for()
    look(page, "pruning-trials")
    number = pruned[0][0]
    page.get_by_role("link", name=str(number), exact=True).click()
    page.get_by_text("Pruned at epoch").first.wait_for()
    look(page, "pruning-trial")
    page.get_by_role("button", name="Train to the end").click()
    page.locator(".status-completed").first.wait_for(timeout=LONG)
    look(page, "pruning-trained")
    (done,) = query(
        tuneroom,
        "SELECT status, epochs_done, score IS NULL FROM tuning_trial"
        " WHERE search_id = ? AND number = ?",
        search, number,
    )  # fmt: skip
    assert done == ("completed", 6, 0)

    # Refined to its best trials: it begins with what is known, and ends at its target.
    page.goto(f"/searches/{search}/")
    page.get_by_role("link", name=re.compile("^Refine")).first.click()
    assert page.locator("[name=pruner]").input_value() == "asha"
    page.locator("[name=warm_start]").check()
    page.locator("#more-settings > summary").click()
    page.locator("[name=max_trials]").fill("6")
    page.locator("[name=target_score]").fill("0.5")
    page.get_by_role("button", name="Start search").first.click()
    refined = search_key(page, tuneroom)
    wait_until_completed(page)
    page.get_by_text("Reached the target score 0.5 with trial").wait_for()
    look(page, "pruning-refined")
    ((known, trials),) = query(
        tuneroom,
        "SELECT warm_start_count, (SELECT count(*) FROM tuning_trial WHERE search_id = s.id)"
        " FROM tuning_search s WHERE id = ?",
        refined,
    )
    assert known > 0
    assert trials < 6
