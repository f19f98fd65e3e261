"""What a trial's page says of several objectives and of constraints."""

from dataclasses import dataclass

from tuning.figures import MISSING, in_words
from tuning.models import Search, Trial
from tuning.protocol.measured import MEASURED, label_of
from tuning.protocol.statuses import Status

from .front import constraint_text, front_of, objective_figure


@dataclass(frozen=True)
class JudgedRow:
    """A line of the table of objectives and constraints: `text` is what the search asks."""

    label: str
    value: str
    text: str
    violated: bool = False


def judged_rows(trial: Trial) -> list[JudgedRow]:
    """Empty for a search with one objective and no constraints."""
    search = trial.search
    words = dict(Search.Direction.choices)
    several = search.objectives if search.has_several_objectives else []
    violated = trial.violated
    return [
        *(
            JudgedRow(label_of(each.name), _value(trial, each.name), words[each.direction])
            for each in several
        ),
        *(
            JudgedRow(label_of(c.name), _value(trial, c.name), constraint_text(c), c in violated)
            for c in search.constraint_list
        ),
    ]


def infeasible_text(trial: Trial) -> str:
    """Why an infeasible trial is none of the best; empty for others."""
    if trial.status != Status.INFEASIBLE:
        return ""
    broken = [
        f"{label_of(c.name)} is {_value(trial, c.name)}, but has to be {_limit(c.relation)} "
        f"{c.limit_text}"
        for c in trial.violated
    ]
    said = f"Infeasible: {in_words(broken)}." if broken else "Infeasible."
    return said if trial.epochs_done else f"{said} The model was not trained."


def is_on_front(trial: Trial) -> bool:
    several = trial.search.has_several_objectives and trial.status == Status.COMPLETED
    return several and trial.pk in front_of(trial.search).keys


def _limit(relation: str) -> str:
    return "at most" if relation == "<=" else "at least"


def _value(trial: Trial, name: str) -> str:
    value = trial.figure(name)
    if value is None:
        return MISSING
    is_count = name in MEASURED and not MEASURED[name].unit
    return objective_figure(int(value) if is_count else value)
