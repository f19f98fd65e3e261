"""Two objectives of each trial against each other, a third one as colour, and the Pareto front over
all objectives of the search. Infeasible trials are marked; they are never on the front."""

from typing import Any

from tuning.analysis.front import front_of, key_of
from tuning.analysis.trials.columns import METRICS, TRIAL, Column
from tuning.analysis.trials.selection import Selection
from tuning.figures import counted
from tuning.protocol.statuses import Status

from .given import Given, Option
from .points import axis_of, points_of

X = Option("x", "X", "column", numbers=True)
Y = Option("y", "Y", "column", numbers=True)
COLOUR = Option("colour", "Colour", "column", numbers=True)


def pareto_info(selection: Selection, given: Given) -> dict[str, Any]:
    """`on_front` and `infeasible` say of each trial whether it is."""
    search = selection.search
    objectives = [_drawn(selection, key_of(search, each.name)) for each in search.objectives]
    known = [column for column in objectives if column is not None]
    if len(known) < 2:
        return {"pk": [], "number": [], "total": 0, "note": "", "axes": [], "empty": NEEDS}
    x = given.column(X, known[0]) or known[0]
    y = given.column(Y, known[1]) or known[1]
    colour = given.column(COLOUR, known[2] if len(known) > 2 else None)
    drawn = [_drawn(selection, each.key) or each for each in (x, y, colour) if each is not None]
    points = points_of(selection, ["status", *(column.key for column in drawn)])
    statuses, front = points.frame["status"], front_of(search).keys
    infeasible = [status == Status.INFEASIBLE for status in statuses]
    return {
        **points.facts(*_notes(points.frame, drawn[:2], infeasible)),
        "choices": {COLOUR.name: [("", "None"), *COLOUR.choices_of(selection)]},
        "used": {option.name: [each.key] for option, each in zip(OPTIONS, drawn, strict=False)},
        "axes": [axis_of(column, points.frame[column.key]) for column in drawn[:2]],
        "colour": axis_of(drawn[2], points.frame[drawn[2].key]) if len(drawn) > 2 else None,
        "on_front": [pk in front for pk in points.frame["pk"]],
        "infeasible": infeasible,
    }


OPTIONS = (X, Y, COLOUR)
NEEDS = "This plot needs a search with several objectives."


def _drawn(selection: Selection, key: str) -> Column | None:
    """The score is the first objective of feasible trials; its metric is known of infeasible ones,
    too."""
    if key == "score":
        key = f"metric:{selection.search.objective}"
    column = selection.columns.get(key)
    return column if column and column.group in (METRICS, TRIAL) else None


def _notes(
    frame: dict[str, list[Any]], axes: list[Column], infeasible: list[bool]
) -> list[str]:  # fmt: skip
    pairs = zip(*(frame[column.key] for column in axes), strict=True)
    drawn = [None not in pair for pair in pairs]
    crosses = sum(here and cross for here, cross in zip(drawn, infeasible, strict=True))
    notes = []
    if crosses:
        notes.append(f"{counted(crosses, 'infeasible trial')} (crosses).")
    if not all(drawn):
        left = len(drawn) - sum(drawn)
        are = "is" if left == 1 else "are"
        notes.append(f"{counted(left, 'trial')} without both values {are} not drawn.")
    return notes
