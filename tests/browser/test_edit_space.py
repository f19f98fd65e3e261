"""A search space narrowed at the form, its conditions included, up to trials that keep to it."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.services import Tuneroom

from .steps import LONG, create_project, look, query, search_key, wait_until_completed

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]


def row(page: Any, name: str) -> Any:
    return page.locator(".space-rows > li").filter(
        has=page.locator("summary > code", has_text=re.compile(f"^{name}$"))
    )


def edit(page: Any, name: str, **parts: str) -> Any:
    """Open a row and fill its fields, as a person would."""
    found = row(page, name)
    if not found.locator("details").evaluate("details => details.open"):
        found.locator("summary").click()
    if "Values" in parts:
        found.get_by_label("List of values").check()
    for label, value in parts.items():
        found.get_by_label(label, exact=True).fill(value)
    return found


def test_a_conditional_space_is_narrowed(sign_in: Callable[..., Any], tuneroom: Tuneroom) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    create_project(page, "Narrowed digits")
    page.get_by_role("link", name="New search").first.click(timeout=LONG)
    form = page.url
    look(page, "space-new")

    layers = edit(page, "conv_layers", Values="1, 2")
    assert layers.get_by_label("From").is_hidden(), "only the chosen way is shown"
    row(page, "filters_3").get_by_text("never in use").wait_for()
    row(page, "conv_layers").get_by_text("was 1 to 3").wait_for()
    edit(page, "filters_1", From="8", To="24", Step="8").get_by_text(
        "8 to 24 in steps of 8"
    ).wait_for()
    edit(page, "kernel_size_2", Values="3, 7").get_by_text("3, 7").first.wait_for()
    edit(page, "learning_rate", Values="1e-3, .003")
    page.get_by_text("The baseline differs from the template defaults").wait_for()

    # A mistake is said at once; sent all the same, the form comes back as it was.
    edit(page, "dense_units", From="lots").get_by_text("✕ “lots” is not a number.").wait_for()
    edit(page, "conv_layers", Values="1, 4").get_by_text("✕ Conditions of filters_1").wait_for()
    with page.expect_response(re.compile("/searches/new/")) as refused:
        page.get_by_role("button", name="Start search").first.click()
    assert refused.value.status == 422
    page.get_by_role("link", name="dense_units").wait_for()
    look(page, "space-refused")
    units = row(page, "dense_units")
    assert units.get_by_label("From").input_value() == "lots"
    assert (
        row(page, "learning_rate").get_by_label("Values", exact=True).input_value() == "1e-3, .003"
    )
    units.get_by_label("From").fill("lots?")
    units.get_by_text("✕ “lots?” is not a number.").wait_for()
    assert units.locator(".errorlist").count() == 0, "what was said of the old text is gone"
    units.get_by_role("button", name="Reset").click()
    units.get_by_text("✕").first.wait_for(state="detached")
    assert units.get_by_label("From").input_value() == "32"
    assert units.locator("details").evaluate("details => details.open")
    edit(page, "conv_layers", Values="1, 2")
    page.get_by_text("4 hyperparameters changed.").wait_for()
    look(page, "space-edited")

    for name, value in {"max_trials": "6", "epochs": "1"}.items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_role("button", name="Start search").first.click()
    search = search_key(page, tuneroom)
    wait_until_completed(page)
    rows = query(tuneroom, 'SELECT status, "values" FROM tuning_trial WHERE search_id = ?', search)
    assert [status for status, _ in rows] == ["completed"] * 6
    allowed: dict[str, Any] = {
        "conv_layers": (1, 2), "filters_1": (8, 16, 24), "kernel_size_2": (3, 7),
        "learning_rate": (0.001, 0.003),
    }  # fmt: skip
    used = set()
    for _, text in rows:
        values = json.loads(text)
        used |= values.keys()
        assert ("filters_2" in values) == (values["conv_layers"] == 2)
        for name in values.keys() & allowed.keys():
            assert values[name] in allowed[name], (name, values[name])
    assert allowed.keys() <= used
    assert not used & {"filters_3", "kernel_size_3"}
    assert page.get_by_role("columnheader", name="filters_3").count() == 0

    # The page says what was searched, and a new search can begin with it.
    page.get_by_role("link", name="Space & settings").click()
    page.get_by_text("Search space: 4 hyperparameters changed").wait_for()
    page.get_by_role("row", name=re.compile("^learning_rate")).get_by_text(
        "0.001, 0.003"
    ).wait_for()
    look(page, "space-search")
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="New search with these settings").click()
    page.get_by_text("4 hyperparameters changed.").wait_for()
    assert page.locator("[name=max_trials]").input_value() == "6"
    page.get_by_role("button", name="Reset to template defaults").click()
    page.get_by_text("changed.").wait_for(state="detached")
    assert page.locator("[name=max_trials]").input_value() == "6"

    # Without scripts all fields are there, and the same form works.
    plain = sign_in(java_script_enabled=False)
    plain.goto(form)
    found = row(plain, "dropout")
    found.locator("summary").click()
    found.get_by_label("List of values").check()
    found.get_by_label("Values", exact=True).fill("0.1")
    plain.locator("[name=max_trials]").fill("1")
    plain.locator("[name=epochs]").fill("1")
    plain.get_by_role("button", name="Start search").first.click()
    plain.get_by_role("link", name="Space & settings").click()
    plain.get_by_text("Search space: 1 hyperparameter changed").wait_for()
