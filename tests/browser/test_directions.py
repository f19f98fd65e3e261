"""A metric of which nobody knows whether higher or lower is better is asked about at once."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.services import Tuneroom

from .steps import look

pytestmark = pytest.mark.browser

QUESTION = "Is val_custom better when higher or lower?"
ROWS = """
from tests.browser.rows import fill
fill("Curious", 3)
from tuning.models import Inspection, Search
search = Search.objects.get(project__name="Curious")
metrics = ["accuracy", "loss", "val_accuracy", "val_loss", "val_custom", "val_other"]
Inspection.objects.filter(hypermodel=search.hypermodel).update(metrics=metrics)
print(search.project_id)
"""


@pytest.fixture
def address(tuneroom: Tuneroom) -> str:
    made = tuneroom.manage("shell", "-c", ROWS)
    assert made.returncode == 0, made.stderr
    return f"/projects/{made.stdout.split()[-1]}/searches/new/"


def test_the_question_appears_beside_the_objective(
    sign_in: Callable[..., Any], address: str
) -> None:
    page = sign_in()
    page.goto(address)
    objective, direction = page.locator("#id_objective"), page.locator("#id_direction")
    label = page.locator('label[for="id_direction"]')
    assert direction.locator("option").first.inner_text() == "Higher is better (detected)"
    objective.select_option("val_loss")
    assert direction.locator("option").first.inner_text() == "Lower is better (detected)"
    objective.select_option("val_custom")
    assert label.inner_text() == QUESTION
    look(page, "direction-asked")
    page.get_by_role("button", name="Start search").first.click()
    error = page.locator('[data-field="direction"] .errorlist')
    error.wait_for()
    assert QUESTION in error.inner_text()
    assert label.inner_text() == QUESTION
    look(page, "direction-refused")
    # What was said of one metric is not taken for another.
    direction.select_option("min")
    objective.select_option("val_other")
    assert direction.input_value() == ""
    assert error.count() == 0
    direction.select_option("max")
    page.locator("details.more summary").click()
    stopping = page.locator("#id_early_stopping_metric")
    way = page.locator("#id_early_stopping_direction")
    assert not way.is_visible()
    stopping.select_option("val_other")
    assert not way.is_visible()
    stopping.select_option("val_custom")
    assert way.is_visible()
    page.get_by_role("button", name="Start search").first.click()
    page.locator('[data-field="early_stopping_direction"] .errorlist').wait_for()
    look(page, "early-stopping-refused")
    way.select_option("min")
    page.get_by_role("button", name="Start search").first.click()
    page.wait_for_url(re.compile(r"/searches/\d+/$"))
    page.get_by_text("higher is better").first.wait_for()
