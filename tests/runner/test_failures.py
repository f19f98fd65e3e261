"""What a runner makes of exceptions, without TensorFlow."""

import urllib.error

import pytest

from tuning.runner.failures import is_network_error


def chain_without_end() -> BaseException:
    try:
        try:
            raise NameError("x")
        except NameError as error:
            raise error from error
    except NameError as error:
        return error


def test_an_error_raised_from_itself_ends_the_question() -> None:
    error = chain_without_end()
    assert error.__cause__ is error
    assert not is_network_error(error)


def test_a_circle_of_errors_is_gone_round_once() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert not is_network_error(first)


@pytest.mark.parametrize("link", ["__cause__", "__context__"])
def test_a_failed_download_is_found_at_any_depth(link: str) -> None:
    outer, inner = RuntimeError("no weights"), RuntimeError("wrapped")
    setattr(outer, link, inner)
    setattr(inner, link, urllib.error.URLError("refused"))
    assert is_network_error(outer)
