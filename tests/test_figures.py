"""Figures as people read them."""

from datetime import timedelta
from typing import Any

import pytest

from tuning.figures import counted, duration, figure, fraction, in_words, setting, signed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.9, "0.9000"), (0.98331, "0.9833"), (0.0712, "0.07120"), (12.3456, "12.35"),
        (123456.7, "123,457"), (0.00001234, "1.234e-05"), (0.0, "0"), (1234567, "1,234,567"),
        (None, "–"), (True, "True"), ("adam", "adam"), (-0.5, "-0.5000"), (1.0, "1.000"),
        (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_figure(value: Any, text: str) -> None:
    assert figure(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.001, "0.001"), (0.00412345, "0.004123"), (32, "32"), (4096, "4096"), (0.0, "0")],
)
def test_setting(value: Any, text: str) -> None:
    assert setting(value) == text


def test_fractions_line_up() -> None:
    shown = [fraction(value) for value in (1.0, 0.99951, 0.5, 0.0, None)]
    assert shown == ["1.000", "1.000", "0.500", "0.000", "–"]


def test_signed() -> None:
    assert (signed(0.05), signed(-0.05), signed(None)) == ("+0.0500", "−0.0500", "–")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.84, "0.8 s"), (59.4, "59 s"), (60, "1 min"), (192, "3 min 12 s"), (7500, "2 h 5 min"),
        (3600, "1 h"), (200_000, "2 days 7 h"), (-1, "0.0 s"), (None, "–"),
        (0.034, "34 ms"), (0.095, "0.1 s"),
    ],
)  # fmt: skip
def test_duration(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text
    if seconds is not None:
        assert duration(timedelta(seconds=seconds)) == text


def test_words() -> None:
    assert counted(1, "trial") == "1 trial"
    assert counted(0, "trial") == "no trials"
    assert counted(2, "search", "searches") == "2 searches"
    assert in_words(["a", "b", "c"]) == "a, b and c"
