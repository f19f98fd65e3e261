"""Which column of a table a person most likely wants to predict: a guess by its name.

`NAMES` is the whole table of names. Case and punctuation do not count: "Sale Price", "sale_price"
and "SalePrice" are one name. A name of the first row counts more than one of the next rows, and a
whole name more than a part of one: "price" before "house_price", and that before "price per m2".
Of several such columns the last one is guessed. Without any, it is the last column that can be
a target.

A column that is empty or of free text, or that has one value in all rows or another text in
each, is never guessed, and one of row numbers or other whole numbers that never repeat only by its
whole name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tuning.protocol.uploads import ColumnType

from .columns import Scan

NAMES = (
    # What such a column is called anywhere.
    ("target", "targets", "label", "labels", "y", "outcome", "response"),
    # What is predicted in well-known tables and in daily work.
    (
        "diagnosis", "disease", "survived", "species", "variety", "quality", "churn", "churned",
        "exited", "attrition", "fraud", "isfraud", "spam", "sentiment", "default", "approved",
        "loanstatus", "income", "salary", "sales", "revenue", "demand", "charges", "price",
        "saleprice", "medv", "medianhousevalue", "mpg", "rating", "grade", "score",
    ),
    # Also what inputs are called: the class of a seat, the result of a measurement.
    ("class", "classes", "result"),
)  # fmt: skip
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")


@dataclass(frozen=True)
class TargetGuess:
    column: Scan
    # Why this one, as a sentence for people.
    reason: str


def guess_target(columns: Sequence[Scan]) -> TargetGuess:
    """The column to propose as the target. There has to be one."""
    possible = [column for column in columns if _can_be_target(column)]
    likely = [column for column in possible if not _never_repeats(column)]
    # A “y” beside an “x” and other columns is more likely a place.
    has_places = len(columns) > 2 and any(_plain(column.name) == "x" for column in columns)
    plain = [(column, _plain(column.name)) for column in reversed(possible)]
    for names in NAMES:
        for column, name in plain:
            if name in names and not (name == "y" and has_places):
                return TargetGuess(column, f"“{column.name}” is a common name of a target.")
    for words_of in (_last_word, _words):
        for names in NAMES:
            for column in reversed(likely):
                # “y” alone says much, “position y” little.
                found = [word for word in words_of(column.name) if word in names and word != "y"]
                if found:
                    return TargetGuess(column, f"The name “{column.name}” contains “{found[-1]}”.")
    column = (likely or possible or columns)[-1]
    return TargetGuess(
        column, "It is the last column that can be a target. No name suggests another."
    )


def _can_be_target(column: Scan) -> bool:
    kind, _ = column.suggestion()
    if kind in (ColumnType.OUT, ColumnType.TEXT) or column.different < 2:
        return False
    return column.is_numeric or column.different < column.present


def _never_repeats(column: Scan) -> bool:
    """Whether whole numbers differ in all rows, as far as they were counted: more likely numbers of
    rows or people than something to predict."""
    unique = column.different == column.present or column.grows
    return column.is_numeric and column.whole and unique


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]


def _last_word(name: str) -> list[str]:
    return _words(name)[-1:]
