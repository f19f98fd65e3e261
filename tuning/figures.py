"""Figures as people read them: a sensible number of digits, times and durations in words."""

import math
from datetime import timedelta
from typing import Any

MISSING = "–"


def figure(value: Any, digits: int = 4) -> str:
    """A value to `digits` significant digits. Whole numbers keep all of theirs."""
    if value is None:
        return MISSING
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return str(value)
    if value == 0 or abs(value) >= 1e15:
        return f"{value:.{digits}g}"
    if abs(value) >= 10**digits:
        return f"{value:,.0f}"
    if abs(value) < 1e-3:
        return f"{value:.{digits}g}"
    # Fixed decimals, so that scores line up below each other: 0.9000 and 0.9833.
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"


def fraction(value: float | None) -> str:
    """A number from 0 to 1. All have the same decimals, so that a column of them lines up."""
    return MISSING if value is None else f"{value:.3f}"


def setting(value: Any) -> str:
    """A hyperparameter's value, as short as it can be: 0.001 and not 0.001000."""
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.{6 if abs(value) >= 1000 else 4}g}"
    return figure(value) if isinstance(value, bool | None) else str(value)


def signed(value: float | None, digits: int = 3) -> str:
    """A difference, always with its sign."""
    if value is None:
        return MISSING
    return ("+" if value >= 0 else "−") + figure(abs(float(value)), digits)


def exact(value: Any) -> str:
    """The whole value, for a title."""
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def duration(value: timedelta | float | None) -> str:
    """A duration in its two largest units: "3 min 12 s"; a short one in milliseconds."""
    if value is None:
        return MISSING
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    seconds = max(seconds, 0.0)
    if seconds < 10:
        is_short = 0 < seconds < 0.095
        return f"{seconds * 1000:.2g} ms" if is_short else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} days {hours} h" if hours else f"{days} days"


def size(value: float | None) -> str:
    """Bytes in the unit that leaves one to three digits: "1.2 GB"."""
    if value is None:
        return MISSING
    for unit in ("B", "kB", "MB", "GB"):
        if abs(value) < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"


def counted(number: int, one: str, many: str | None = None) -> str:
    """ "1 trial", "2 trials", "no trials"."""
    if number == 0:
        return f"no {many or one + 's'}"
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def in_words(parts: list[str]) -> str:
    """ "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1]
