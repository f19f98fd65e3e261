"""A team at its quota: the sentence, and the same upload once an administrator has raised it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .steps import LONG, look

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]


def set_files(page: Any, number: str) -> None:
    """Of the first account's team."""
    page.goto("/quotas/")
    page.get_by_role("link", name="Change the quotas of My team").click()
    page.get_by_label("Files", exact=True).fill(number)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Quotas of My team saved.").wait_for()


@pytest.fixture
def administrator(sign_in: Callable[..., Any]) -> Iterator[Any]:
    """A page on which quotas are changed, and set back."""
    page = sign_in()
    yield page
    set_files(page, "")


def test_a_file_over_the_quota_is_uploaded_once_there_is_room(
    administrator: Any, sign_in: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "towns.csv"
    path.write_text("size,label\n" + "".join(f"{n},{'ab'[n % 2]}\n" for n in range(40)))
    page = sign_in()
    page.goto("/datasets/new/")
    # It is asked for only if other tests have left a team that this account is in, too.
    if (team := page.get_by_label("Team", exact=True)).is_visible():
        team.select_option(label="My team")
    page.get_by_label("File").set_input_files(path)
    set_files(administrator, "0")
    look(administrator, "quotas")
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_text("(administrator) to raise the quota.").first.wait_for()
    look(page, "quota-reached")
    set_files(administrator, "")
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_role("link", name="Delete dataset…").click(timeout=LONG)
    page.get_by_role("button", name="Delete dataset").click()
    page.get_by_text("“towns” deleted.").wait_for()
