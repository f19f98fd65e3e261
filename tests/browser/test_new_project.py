"""A new project in three steps, with scripts and without; three clicks lead to a first model."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from .steps import LONG, look

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]


def test_a_project_in_three_steps(sign_in: Callable[..., Any]) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.get_by_role("link", name="New project").first.click()

    # Rows are found by their text; the chosen one is shown, and the address keeps it.
    page.get_by_label("Search datasets").fill("iri")
    assert page.get_by_role("radio").count() == 1
    page.get_by_role("radio", name=re.compile("^Iris")).check()
    page.locator("#preview").get_by_role("heading", name="Iris").wait_for()
    assert page.locator("#preview table tbody tr").count() > 2
    look(page, "new-project-data")
    page.reload()
    assert page.get_by_role("radio", name=re.compile("^Iris")).is_checked()
    page.get_by_role("button", name="Next: template").click()

    # What does not fit cannot be chosen, and says why.
    network = page.get_by_role("radio", name=re.compile("Small convolutional"))
    assert network.is_disabled()
    page.get_by_text("“Small convolutional network” needs images, but “Iris” contains a").wait_for()
    page.get_by_role("radio", name=re.compile("Dense network")).check()
    page.locator("#preview").get_by_text("class DenseHyperModel").wait_for()
    look(page, "new-project-template")
    page.get_by_role("button", name="Next: name & split").click()

    # What was typed outlasts a reload, the back button and another dataset.
    name, seed = page.get_by_label("Name", exact=True), page.get_by_label("Seed")
    assert name.input_value() == "Iris with Dense network"
    seed.fill("12")
    page.reload()
    assert seed.input_value() == "12"
    page.go_back()
    page.go_forward()
    assert seed.input_value() == "12"
    page.get_by_role("link", name="Change the dataset").click()
    page.get_by_role("radio", name=re.compile("^Wine")).check()
    page.get_by_role("button", name="Next").click()
    assert (name.input_value(), seed.input_value()) == ("Wine with Dense network", "12")

    # An error leads to its field.
    page.get_by_label("Test", exact=True).fill("0.5")
    name.fill("Step by step")
    page.get_by_role("button", name="Create project").click()
    errors = page.locator(".form-errors")
    errors.get_by_text("The fractions must add up to 1, not 1.35.").wait_for()
    look(page, "new-project-errors")
    errors.get_by_role("link", name="Training").click()
    assert page.evaluate("document.activeElement.name") == "train_fraction"
    assert (name.input_value(), seed.input_value()) == ("Step by step", "12")
    page.get_by_label("Test", exact=True).fill("0.15")
    page.get_by_role("button", name="Create project").click()
    page.get_by_role("heading", name="Step by step", level=1).wait_for()

    # The next project begins anew.
    page.goto("/projects/new/?dataset=1")
    page.get_by_role("radio", name=re.compile("Small convolutional")).check()
    page.get_by_role("button", name="Next: name & split").click()
    assert seed.input_value() == "0"


def name_and_split(page: Any) -> None:
    """The last step of a project about irises."""
    page.get_by_role("link", name="New project").first.click()
    page.get_by_role("radio", name=re.compile("^Iris")).check()
    page.get_by_role("button", name="Next: template").click()
    page.get_by_role("radio", name=re.compile("Dense network")).check()
    to_last_step(page)


def to_last_step(page: Any) -> None:
    page.get_by_role("button", name=re.compile("^Next")).click()
    # Once it has loaded: its script fills in what was typed.
    page.wait_for_url("**step=split**")


def test_the_choice_of_a_split_outlasts_the_back_button(sign_in: Callable[..., Any]) -> None:
    page = sign_in()
    name_and_split(page)
    group, column = (
        page.locator("[name=split_by][value=group]"),
        page.get_by_label("Column", exact=True),
    )
    group.check()
    column.select_option("sepal length (cm)")
    page.get_by_role("link", name="Back").click()
    to_last_step(page)
    assert group.is_checked()
    assert column.input_value() == "sepal length (cm)"

    # The choice that the page proposes can be made again.
    page.locator("[name=split_by][value=random]").check()
    page.reload()
    assert page.locator("[name=split_by][value=random]").is_checked()


def test_what_was_refused_outlasts_another_dataset(sign_in: Callable[..., Any]) -> None:
    page = sign_in()
    name_and_split(page)
    typed = {"name": "Flowers", "description": "Of a garden", "split_seed": "12"}
    for name, value in typed.items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_label("Test", exact=True).fill("0.5")
    page.get_by_role("button", name="Create project").click()
    page.locator(".form-errors").wait_for()
    page.wait_for_load_state()
    page.get_by_label("Test", exact=True).fill("0.1")
    page.get_by_role("link", name="Change the dataset").click()
    page.get_by_role("radio", name=re.compile("^Wine")).check()
    to_last_step(page)
    kept = {name: page.locator(f"[name={name}]").input_value() for name in typed}
    assert kept == typed
    assert page.get_by_label("Test", exact=True).input_value() == "0.1"


def test_the_steps_need_no_scripts(sign_in: Callable[..., Any]) -> None:
    page = sign_in(java_script_enabled=False)
    page.goto("/projects/new/")
    assert not page.get_by_label("Search datasets").is_visible()
    page.get_by_role("radio", name=re.compile("^Digits")).check()
    page.get_by_role("button", name="Next: template").click()
    page.get_by_role("radio", name=re.compile("Small convolutional")).check()
    page.get_by_role("button", name="Next: name & split").click()
    page.get_by_label("Name", exact=True).fill("Without scripts")
    page.get_by_role("button", name="Create project").click()
    page.get_by_role("heading", name="Without scripts", level=1).wait_for()


def test_three_clicks_lead_to_the_first_trained_model(
    sign_in: Callable[..., Any],
) -> None:
    page = sign_in()
    page.get_by_role("link", name="Handwritten digits").first.click()
    page.get_by_role("link", name="New search").first.click()
    page.get_by_role("button", name="Start search").click()
    page.wait_for_url(re.compile(r"/searches/\d+/$"))
    page.locator("#search-hero").get_by_text(re.compile(r"[1-9]\d* completed")).wait_for(
        timeout=LONG
    )
    page.get_by_role("link", name="Stop…").click()
    page.get_by_role("button", name=re.compile("Stop")).click()
