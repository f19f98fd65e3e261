"""Numbers as people write them: "$1,234.50", "1.234,50 €", "61%", "(1,234)", "1'234".

Standard library only. `SOURCE` is part of the code that people copy from pages, so that their files
and models read the numbers that the runner reads.
"""

import inspect
import re
import sys
from functools import cache

_BEGIN, _END = "# --- Copied from here", "# --- to here"

# --- Copied from here
# Longer cells are no numbers.
MAX_WRITTEN = 48
MONEY = (
    "[A-Z]{0,3}[$€£¥₹₽₩₺₫₪₴₦฿₱₡₲₵₸₼₾]|kr\\.?|zł|Kč|Ft|lei|Rs\\.?|AED|ARS|AUD|BRL|CAD|CHF|CLP|CNY"
    "|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KES|KRW|MXN|MYR|NGN|NOK|NZD|PEN|PHP|PKR"
    "|PLN|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR"
)


@cache
def written(decimal: str) -> re.Pattern[str]:
    """A number with this decimal sign: parentheses, sign, currency, digits in groups, percent."""
    other = "," if decimal == "." else "."
    whole = (
        rf"[1-9][0-9]{{0,2}}([{other}'’ \xa0\u2009\u202f])[0-9]{{3}}(?:\6[0-9]{{3}})*"
        rf"|[1-9][0-9]?(?:\{other}[0-9][0-9])+\{other}[0-9]{{3}}|[0-9]+"
    )
    return re.compile(
        rf"(\()?([+\-−])?\s*({MONEY})?\s*([+\-−])?"
        rf"((?:{whole})(?:\{decimal}[0-9]*)?|\{decimal}[0-9]+)([eE][+-]?[0-9]+)?"
        rf"\s*({MONEY}|%)?\s*(\))?"
    )


def read_number(text: str, decimal: str = ".") -> tuple[float, str] | None:
    """The number in a text and its unit ("", "%" or a currency); None if it is no number. 61% is
    0.61, (5) is -5. `decimal` is the decimal sign, a point or a comma."""
    match = written(decimal).fullmatch(text.strip()) if len(text) <= MAX_WRITTEN else None
    if match is None:
        return None
    opened, sign, before, second, body, group, exponent, after, closed = match.groups()
    if bool(opened) != bool(closed) or sum(map(bool, (opened, sign, second))) > 1:
        return None
    if before and after == "%":
        return None
    other = "," if decimal == "." else "."
    digits = body.replace(group or other, "").replace(other, "").replace(decimal, ".")
    number = float(digits + (exponent or ""))
    if opened or (sign or second or "+") != "+":
        number = -number
    return (number / 100 if after == "%" else number), before or after or ""


def number_of(cell: str | float | None, decimal: str = ".") -> float:
    """A cell as a number; NaN if it is missing."""
    if cell is None or cell == "" or cell != cell:
        return float("nan")
    if not isinstance(cell, str):
        return float(cell)
    found = read_number(cell, decimal)
    if found is None:
        raise ValueError(f"{cell!r} is not a number.")
    return found[0]


# --- to here

SOURCE = (
    inspect.getsource(sys.modules[__name__]).rpartition(_BEGIN + "\n")[2].partition(_END)[0].strip()
)
IMPORTS = ("import re", "from functools import cache")
