"""Checks of what a runner says of the windows of a time series."""

import math
from typing import Any

from tuning.protocol.events import BadEvent
from tuning.protocol.windows import Windows
from tuning.protocol.written_dates import DATE_ORDERS

_NUMBERS = ("look_back", "horizon", "stride", "rows")


def check_windows(profile: dict[str, Any]) -> None:
    """What pages reckon with and show. Raises BadEvent."""
    facts = profile["windows"]
    if not isinstance(facts, dict) or not all(_is_count(facts.get(name)) for name in _NUMBERS):
        raise BadEvent("a profile with invalid windows")
    if "series_count" in facts:
        _check_series(facts)
    found = Windows.of(profile)
    if found is None or found.count != profile["rows"] or type(facts.get("season")) is not int:
        raise BadEvent("a profile with invalid windows")
    if facts.get("order", "") not in ("", *DATE_ORDERS):
        raise BadEvent("a profile with invalid dates")
    codes = _list(facts, "codes") if "codes" in facts else []
    if not all(type(code) is int and code >= 0 for code in codes):
        raise BadEvent("a profile with invalid windows")
    names = [facts.get("time"), *_list(facts, "known"), *_list(facts, "targets")]
    if not all(isinstance(name, str) for name in names) or not facts["targets"]:
        raise BadEvent("a profile with invalid names")
    _check_sample(facts.get("sample"), found.length)


def _check_series(facts: dict[str, Any]) -> None:
    """The windows of several series."""
    names = _list(facts, "series_names")
    counts = (facts["series_count"], facts.get("count"))
    if not all(_is_count(count) and count <= facts["rows"] for count in counts):
        raise BadEvent("a profile with invalid windows")
    if not isinstance(facts.get("series"), str) or len(names) > facts["series_count"]:
        raise BadEvent("a profile with invalid names")
    if not all(isinstance(name, str) for name in names):
        raise BadEvent("a profile with invalid names")


def _check_sample(sample: Any, length: int) -> None:
    """The window that a page draws."""
    if not isinstance(sample, dict) or not all(
        isinstance(sample.get(name), str) for name in ("first", "last")
    ):
        raise BadEvent("a profile with an invalid sample")
    for values in _list(sample, "values"):
        numbers = isinstance(values, list) and all(
            isinstance(value, int | float) and math.isfinite(value) for value in values
        )
        if not numbers or len(values) != length:
            raise BadEvent("a profile with an invalid sample")


def _is_count(value: Any) -> bool:
    return type(value) is int and value > 0


def _list(facts: dict[str, Any], name: str) -> list[Any]:
    value = facts.get(name)
    if not isinstance(value, list):
        raise BadEvent(f"a profile without {name}")
    return value
