"""What people do on the page with the trials of a search: its table and its plots."""

import re
from typing import Any
from urllib.parse import parse_qs

from tests.services import Tuneroom, wait_for

from .steps import number_in


def in_shell(tuneroom: Tuneroom, call: str) -> str:
    """Write rows into the running copy; what the call prints."""
    code = f"from tests.browser.rows import *; from tests.browser.trained import *; {call}"
    done = tuneroom.manage("shell", "-v0", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def shown(page: Any) -> list[str]:
    heads = page.locator("#trial-table th[data-key]")
    return heads.evaluate_all("heads => heads.map(head => head.dataset.key)")


def cells(page: Any, key: str) -> list[str]:
    place = shown(page).index(key)
    return page.locator("#trial-table tbody tr").evaluate_all(
        "(rows, place) => rows.map(row => row.children[place].textContent)", place
    )


def column(page: Any, key: str) -> list[float]:
    return [number_in(text) for text in cells(page, key) if text]


def head(page: Any, key: str) -> Any:
    return page.locator(f'#trial-table th[data-key="{key}"]')


def open_menu(page: Any, key: str) -> None:
    head(page, key).locator(".column-menu").click()
    page.locator("#panel:popover-open #column-actions").wait_for()


def wait_for_query(page: Any, pattern: str) -> None:
    page.wait_for_url(re.compile(pattern))
    page.locator("#trial-table:not([aria-busy=true])").wait_for()


def open_plot(page: Any, name: str) -> Any:
    """Press the plot's button and wait until it is drawn."""
    page.locator("#plots-button").click()
    page.locator(f'.plot-toggles [data-plot="{name}"]').click()
    page.keyboard.press("Escape")
    plot = page.locator(f"#plot-{name} .plot")
    plot.scroll_into_view_if_needed()
    plot.locator(".main-svg").first.wait_for()
    wait_for(lambda: name in asked(page).get("plot", []), "the address has the plot")
    return plot


def place(plot: Any, x: float, y: float) -> tuple[float, float]:
    """Where on the screen a point of the plot's first axes is."""
    plot.scroll_into_view_if_needed()
    found: list[float] = plot.evaluate(
        """(plot, [x, y]) => {
          const { xaxis, yaxis } = plot._fullLayout;
          const box = plot.getBoundingClientRect();
          return [box.left + xaxis._offset + xaxis.d2p(x), box.top + yaxis._offset + yaxis.d2p(y)];
        }""",
        [x, y],
    )
    return found[0], found[1]


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=8)
    page.mouse.up()


def asked(page: Any) -> dict[str, list[str]]:
    return parse_qs(page.evaluate("location.search.slice(1)"))
