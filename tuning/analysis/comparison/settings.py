"""How searches were set up, as rows of a comparison."""

from collections.abc import Sequence
from typing import Any

from tuning.analysis import pruning
from tuning.analysis.front import constraint_text
from tuning.analysis.limits import values_of
from tuning.analysis.search_names import origin_text
from tuning.models import Search
from tuning.protocol.measured import label_of

from .tables import Row, rows_of


def setting_rows(searches: Sequence[Search], reference: int = 0) -> list[Row]:
    """What a search that did not run here was run with is not known, apart from its objective."""
    return rows_of(
        searches,
        reference,
        tuner=("Search strategy", "text", _tuner),
        objective=("Objective", "text", objective_text),
        constraints=("Constraints", "text", _constraints),
        template=("Template", "text", _template),
        epochs=("Max epochs", "setting", lambda search: _network(search, "epochs")),
        executions=(
            "Executions per trial", "setting",
            lambda search: _network(search, "executions_per_trial"),
        ),
        batch_size=("Batch size", "setting", lambda search: _network(search, "batch_size")),
        early_stopping=("Early stopping", "text", _early_stopping),
        folds=("Folds", "setting", _folds),
        pruner=("Pruner", "text", _pruner),
        limits=("Limits", "text", _limits),
        seed=("Seed", "setting", lambda search: search.seed if search.runs_here else None),
    )  # fmt: skip


def objective_text(search: Search) -> str:
    words = dict(Search.Direction.choices)
    others = [f"{label_of(each.name)}, {words[each.direction]}" for each in search.objectives[1:]]
    return "; ".join([f"{search.score_name}, {search.get_direction_display()}", *others])


def _constraints(search: Search) -> str | None:
    return ", ".join(constraint_text(each) for each in search.constraint_list) or None


def _tuner(search: Search) -> str | None:
    return search.get_tuner_display() if search.has_plan else None


def _template(search: Search) -> str:
    if search.hypermodel is None:
        return origin_text(search)
    return f"{search.hypermodel.name}, version {search.hypermodel.version}"


def _network(search: Search, name: str) -> Any:
    """A setting that estimators do not have."""
    return getattr(search, name) if search.kind.has_epochs and search.runs_here else None


def _early_stopping(search: Search) -> str | None:
    metric = _network(search, "early_stopping_metric")
    if metric is None:
        return None
    return f"{metric}, patience {search.early_stopping_patience}" if metric else "off"


def _limits(search: Search) -> str | None:
    """The early ones that are set."""
    return ", ".join(f"{caption.lower()} {value}" for caption, value in values_of(search)) or None


def _pruner(search: Search) -> str | None:
    """With what Automatic chose, and the settings of others."""
    if not search.runs_here:
        return None
    (_, pruner), *settings = pruning.values_of(search)
    return ", ".join([pruner, *(f"{caption.lower()} {value}" for caption, value in settings)])


def _folds(search: Search) -> int | None:
    return search.folds if search.has_folds else None
