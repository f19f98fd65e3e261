"""The models of a project in one table, sorted by a column, and the versions of one of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tuning.models import ModelEvaluation, Project, SavedModel, Stage

from .evaluation.summary import ScoreRow, scores_of

# By what a person's eye looks for: approved models first.
_STAGES = {Stage.APPROVED: 0, Stage.CANDIDATE: 1, Stage.ARCHIVED: 2}


@dataclass(frozen=True)
class ModelRow:
    """`score`: the metric that its search compared trials by, or else the first one."""

    model: SavedModel
    score: ScoreRow | None

    @property
    def stage_order(self) -> int:
        return _STAGES[Stage(self.model.stage)]


@dataclass(frozen=True)
class Order:
    """A column to sort by. `first`: the direction of the first press."""

    key: str
    label: str
    is_number: bool
    value: Callable[[ModelRow], Any]
    first: str = "asc"


def _score(row: ModelRow) -> Any:
    """Scores of one metric stand together; models without one are the worst."""
    if row.score is None or row.score.value is None:
        return ("", float("-inf"))
    better = row.model.trial.search.direction == "max"
    return (row.score.caption, row.score.value if better else -row.score.value)


ORDERS = (
    Order("name", "Model", False, lambda row: (row.model.title.lower(), row.model.number)),
    Order("stage", "Stage", False, lambda row: (row.stage_order, -row.model.number)),
    Order("score", "Test score", True, _score, "desc"),
    Order("from", "Trained from", False,
          lambda row: (row.model.trial.search.number, row.model.trial.number)),
    Order("date", "Trained", False, lambda row: row.model.created_at, "desc"),
    Order("size", "Size", True, lambda row: row.model.size or 0, "desc"),
)  # fmt: skip
_BY_KEY = {order.key: order for order in ORDERS}
NEWEST = "-date"


@dataclass(frozen=True)
class Column:
    """The head of a column: `query` sorts by it, or turns the order around."""

    order: Order
    query: str
    sorted: str


@dataclass(frozen=True)
class ModelTable:
    columns: list[Column]
    rows: list[ModelRow]


def model_table(project: Project, sort: str) -> ModelTable:
    """`sort`: a column's key, with a minus for the descending order."""
    key, descending = sort.removeprefix("-"), sort.startswith("-")
    if key not in _BY_KEY:
        key, descending = "date", True
    rows = model_rows(project.saved_models.all())
    rows.sort(key=_BY_KEY[key].value, reverse=descending)
    return ModelTable([_column(order, key, descending) for order in ORDERS], rows)


def _column(order: Order, key: str, descending: bool) -> Column:
    if order.key != key:
        return Column(order, ("-" if order.first == "desc" else "") + order.key, "")
    return Column(
        order, order.key if descending else f"-{order.key}",
        "descending" if descending else "ascending",
    )  # fmt: skip


def version_rows(saved_model: SavedModel) -> list[ModelRow]:
    """All models of its name, the newest version first; empty if it is the only one."""
    versions = SavedModel.objects.versions_of(saved_model.name, saved_model.project_id)
    rows = model_rows(versions)
    return rows if len(rows) > 1 else []


def model_rows(models: Any) -> list[ModelRow]:
    """With their scores; two queries."""
    listed = list(
        models.select_related("trial__search", "project").defer(
            "layers", "layers_code", "log_tail", "failure_traceback", "trial__layers",
            "trial__log_tail", "trial__failure_traceback", "trial__search__oracle_state",
            "trial__search__space",
        )
    )  # fmt: skip
    # Of a report only the part that is shown: curves of many classes are long.
    measured = dict(
        ModelEvaluation.objects.filter(saved_model__in=listed).values_list(
            "saved_model", "report__measured"
        )
    )
    return [ModelRow(model, _first_score(model, measured.get(model.pk))) for model in listed]


def _first_score(model: SavedModel, measured: Any) -> ScoreRow | None:
    scores = scores_of(model, ModelEvaluation(report={"measured": measured or []}))
    return scores[0] if scores else None
