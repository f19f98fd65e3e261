"""A person in front of a running Tuneroom."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.services import PATIENCE, Tuneroom

# The browser's console reports what is no fault: what is refused, a connection that a test cut, a
# poll for which a busy machine took longer than htmx waits, or one that a page left behind. A lost
# connection has a message of its own after htmx:afterRequest.
HARMLESS = r"status of 4(03|10|22)|net::ERR_FAILED|^htmx:(afterRequest|sendAbort|timeout),"


@pytest.fixture
def visit(chromium: Any, tuneroom: Tuneroom) -> Iterator[Callable[..., Any]]:
    """A function that opens a page in a browser of its own, signed in as nobody. A script error, a
    blocked resource or a request to another host fails the test."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def listen(page: Any) -> None:
        page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if message.type == "error" and not re.search(HARMLESS, message.text)
                else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((tuneroom.url, "data:", "blob:"))
                else complaints.append(f"request to {request.url}")
            ),
        )

    def open_page(address: str = "/", **options: Any) -> Any:
        # Nobody watches a spinner turn, and drawing it keeps a processor busy.
        settings = {"base_url": tuneroom.url, "reduced_motion": "reduce", **options}
        context = chromium.new_context(**settings)
        contexts.append(context)
        # Playwright's half a minute is one machine's.
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        listen(page)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def first_session() -> list[Any]:
    """The cookies of the first account, once it has signed in."""
    return []


@pytest.fixture
def sign_in(
    visit: Callable[..., Any], tuneroom: Tuneroom, first_session: list[Any]
) -> Callable[..., Any]:
    """A function that opens a page, signed in as the first account or the given one. The first
    account signs in once for all tests."""

    def open_page(
        name: str = tuneroom.admin, password: str = tuneroom.password, **options: Any
    ) -> Any:
        is_first = name == tuneroom.admin
        if is_first and first_session:
            return visit("/", storage_state={"cookies": first_session, "origins": []}, **options)
        page = visit("/", **options)
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/accounts/login/" not in url)
        if is_first:
            first_session.extend(page.context.cookies())
        return page

    return open_page
