"""What people do in front of a running Tuneroom, step by step, for the tests of whole jobs."""

import os
import re
import sqlite3
from pathlib import Path
from typing import Any

from tests.services import PATIENCE, Tuneroom

# Generous: CI machines may be busy. What is promised is measured in benchmarks/.
LONG = PATIENCE * 1000


def query(tuneroom: Tuneroom, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows themselves, past everything that the site does with them."""
    with sqlite3.connect(f"file:{tuneroom.data / 'db.sqlite3'}?mode=ro", uri=True) as connection:
        return connection.execute(sql, values).fetchall()


def number_in(text: str) -> float:
    found = re.search(r"-?\d+(\.\d+)?(e-?\d+)?", text)
    assert found, text
    return float(found[0])


def create_project(
    page: Any, name: str, dataset: str = "Digits", template: str = "Small convolutional"
) -> None:
    page.get_by_role("link", name="New project").first.click()
    page.get_by_role("radio", name=re.compile(f"^{dataset}")).check()
    page.get_by_role("button", name="Next: template").click()
    page.get_by_role("radio", name=re.compile(template)).check()
    page.get_by_role("button", name="Next: name & split").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create project").click()
    page.get_by_role("heading", name=name, level=1).wait_for()


def start_search(page: Any, **settings: str) -> None:
    """Start a search with these settings."""
    page.get_by_role("link", name="New search").first.click(timeout=LONG)
    fill_and_start(page, **settings)


def fill_and_start(page: Any, **settings: str) -> None:
    """The same in an open form."""
    page.locator("#more-settings").evaluate("details => { details.open = true; }")
    for field, value in settings.items():
        control = page.locator(f"[name={field}]")
        if control.evaluate("control => control.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    page.get_by_role("button", name="Start search").first.click()
    page.wait_for_url(re.compile(r"/searches/\d+/$"))


def search_key(page: Any, tuneroom: Tuneroom) -> int:
    """The key of the search whose page is open."""
    page.wait_for_url(re.compile(r"/searches/\d+/$"))
    return _key(page, tuneroom, "search", "searches")


def model_key(page: Any, tuneroom: Tuneroom) -> int:
    """The key of the model whose page is open."""
    return _key(page, tuneroom, "savedmodel", "models")


def _key(page: Any, tuneroom: Tuneroom, table: str, folder: str) -> int:
    found = re.search(rf"/projects/(\d+)/{folder}/(\d+)/", page.url)
    assert found, page.url
    sql = f"SELECT id FROM tuning_{table} WHERE project_id = ? AND number = ?"  # noqa: S608
    ((key,),) = query(tuneroom, sql, *map(int, found.groups()))
    return int(key)


def wait_until_completed(page: Any) -> None:
    """The open page follows the search to its end, without a reload."""
    page.evaluate("window.sameDocument = true")
    page.locator("#search-head .status-completed").wait_for(timeout=LONG)
    assert page.evaluate("window.sameDocument === true")


def look(page: Any, name: str) -> None:
    """No page is wider than the screen. With LOOKS=folder: pictures at both widths in both themes,
    to be looked at."""
    folder = os.environ.get("LOOKS")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for theme in ("light", "dark") if folder else ():
            page.locator("html").evaluate(
                """(html, theme) => {
                  html.dataset.theme = theme;
                  document.dispatchEvent(new Event("tuneroom:theme"));
                }""",
                theme,
            )
            path = Path(str(folder)) / f"{name}-{width}-{theme}.png"
            page.screenshot(path=path, full_page=True)
        assert page.locator("html").evaluate("html => html.scrollWidth") <= width, name
    page.set_viewport_size({"width": 1280, "height": 900})
