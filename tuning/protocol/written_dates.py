"""Dates as people write them, and the numbers that models get of them.

Standard library only. `SOURCE` is part of the code that people copy from pages, so that their files
and models read the dates that the runner reads.
"""

import datetime
import inspect
import re
import sys

# Which of year, month and day comes first, second and third.
DATE_ORDERS = ("ymd", "dmy", "mdy")
_BEGIN, _END = "# --- Copied from here", "# --- to here"

# --- Copied from here
DATE_PARTS = ("year", "month", "weekday", "days")
WRITTEN_DATE = re.compile(
    r"([0-9]{1,4})([-/.])([0-9]{1,2})\2([0-9]{1,4})"
    r"(?:[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def date_parts(text: str, order: str) -> tuple[float, ...]:
    """Year, month, weekday (Monday is 0) and days since 1970-01-01 of a date; NaN for a missing
    one. `order` is ymd, dmy or mdy. Raises ValueError for a text that is no date."""
    text = str(text).strip()
    if text in ("", "nan", "NaT", "None", "<NA>"):
        return (float("nan"),) * len(DATE_PARTS)
    match = WRITTEN_DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a date.")
    first, _, second, third, hour, minute, seconds = match.groups()
    given = dict(zip(order, (first, second, third), strict=True))
    if len(given["y"]) not in (2, 4):
        raise ValueError(f"{text!r} is not a date.")
    year = int(given["y"])
    if len(given["y"]) == 2:
        year += 1900 if year > 68 else 2000
    day = datetime.date(year, int(given["m"]), int(given["d"]))
    moment = int(hour or 0) * 3600 + int(minute or 0) * 60 + int(seconds or 0)
    elapsed = (day - datetime.date(1970, 1, 1)).days + moment / 86400
    return float(day.year), float(day.month), float(day.weekday()), elapsed


# --- to here


def days_of(text: str, order: str) -> float:
    """Days since 1970-01-01; of a time with a UTC offset, in UTC. Raises as `date_parts`."""
    days = date_parts(text, order)[-1]
    offset = re.search(r"([+-])([0-9]{2}):?([0-9]{2})", text.partition(":")[2])
    if offset is None:
        return round(days, 8)
    minutes = int(offset[2]) * 60 + int(offset[3])
    # Rounded far below a second, so that equal moments stay equal.
    return round(days - float(f"{offset[1]}1") * minutes / 1440, 8)


def moment_text(time: float, dated: bool) -> str:
    """2024-01-31 or 2024-01-31 07:00 of days since 1970-01-01; a plain number if not `dated`."""
    if not dated:
        return f"{float(time):.10g}"
    seconds = round(float(time) * 86400)
    # Dates of a file have no zone.
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)  # noqa: DTZ001
    return moment.strftime("%Y-%m-%d" if seconds % 86400 == 0 else "%Y-%m-%d %H:%M")


SOURCE = (
    inspect.getsource(sys.modules[__name__]).rpartition(_BEGIN + "\n")[2].partition(_END)[0].strip()
)
# `days_of`, which needs `SOURCE`.
DAYS_SOURCE = inspect.getsource(days_of).strip()
IMPORTS = ("import datetime", "import re")
