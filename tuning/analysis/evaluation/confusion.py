"""The cells of a confusion matrix: counts, shares of their row, and a shade of cividis for each."""

from dataclasses import dataclass
from typing import Any

from tuning.figures import counted

# What static/css/evaluation.css has: cividis-0 … cividis-10.
SHADES = 10
OTHERS = "Other classes"


@dataclass(frozen=True)
class Cell:
    """`actual` and `predicted` are class numbers; None for the other classes taken together."""

    actual: int | None
    predicted: int | None
    actual_name: str
    predicted_name: str
    count: int
    share: float | None

    @property
    def percent(self) -> str:
        """Only what is nothing is 0%, and only what is all is 100%."""
        if not self.share or self.share == 1:
            return f"{round((self.share or 0) * 100)}%"
        return f"{min(max(round(self.share * 100), 1), 99)}%"

    @property
    def shade(self) -> int:
        return round((self.share or 0) * SHADES)

    @property
    def label(self) -> str:
        """What a screen reader says of it."""
        rows = counted(self.count, "row")
        return f"{rows} of {self.actual_name} predicted as {self.predicted_name}"

    @property
    def is_open(self) -> bool:
        """Whether its rows can be listed."""
        return bool(self.count) and self.actual is not None and self.predicted is not None


@dataclass(frozen=True)
class Matrix:
    names: list[str]
    rows: list[tuple[str, list[Cell]]]
    has_others: bool


def matrix_info(output: dict[str, Any]) -> Matrix | None:
    """The confusion matrix of an output's report; None of numbers."""
    confusion = output["confusion"]
    places: list[int | None] = list(confusion["classes"])
    if not places:
        return None
    if confusion["has_others"]:
        places.append(None)
    names = [class_name(output, place) for place in places]
    rows = []
    for actual, name, counts in zip(places, names, confusion["counts"], strict=False):
        total = sum(counts)
        cells = [
            Cell(actual, predicted, name, taken, count, count / total if total else None)
            for predicted, taken, count in zip(places, names, counts, strict=False)
        ]
        rows.append((name, cells))
    return Matrix(names, rows, confusion["has_others"])


def class_name(output: dict[str, Any], place: int | None) -> str:
    """The user's own name of a class."""
    if place is None:
        return OTHERS
    classes = output["classes"]
    return str(classes[place]["name"]) if 0 <= place < len(classes) else f"(class {place + 1})"
