"""Calls that come from a function with room get no memory from the system, however deep."""

import os
import resource
import threading
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.signals import request_started

from webapp.deep_calls import with_room

# Further than a piece of 16 KiB reaches.
DEPTH = 300
CALLS = 200


def pieces() -> int:
    """How many times memory was fetched for `CALLS` calls at the depth where most was: pages that
    were used for the first time."""
    return max(_pieces_below(depth) for depth in range(DEPTH))


def _pieces_below(depth: int) -> int:
    if depth:
        return _pieces_below(depth - 1)
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for _ in range(CALLS):
        _nothing()
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


def _nothing() -> None:
    pass


def in_a_thread(function: Any) -> Any:
    """A thread has pieces of its own, not the room that all tests are given."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def test_a_function_with_room_leaves_it_to_its_calls() -> None:
    assert in_a_thread(with_room(pieces)) < CALLS / 2


def test_arguments_results_and_errors_pass() -> None:
    assert with_room(divmod)(7, 2) == (3, 1)
    assert with_room(sorted)([1, 2], reverse=True) == [2, 1]
    with pytest.raises(ZeroDivisionError):
        with_room(divmod)(1, 0)


def test_the_site_answers_with_room() -> None:
    mask = os.umask(0)
    from webapp.wsgi import application  # it changes the mask

    os.umask(mask)
    found: list[int] = []

    def look(**_: Any) -> None:
        found.append(pieces())

    environ: dict[str, Any] = {"PATH_INFO": "/no-such-file"}
    setup_testing_defaults(environ)
    request_started.connect(look)
    try:
        in_a_thread(lambda: list(application(environ, lambda *_: None)))
    finally:
        request_started.disconnect(look)
    assert found[0] < CALLS / 2


def test_tests_have_room() -> None:
    assert pieces() < CALLS / 2
