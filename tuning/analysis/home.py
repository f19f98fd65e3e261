"""What the first page shows beside the projects: what runs, recent models, free slots."""

from dataclasses import dataclass
from typing import Any

from tuning.models import SavedModel, Search
from tuning.protocol.statuses import FINISHED, SEARCH_ACTIVE, Status

from .best_scores import best_score
from .forecast import Range, time_left
from .front import front_text
from .summary import planned_epochs, planned_trials

MAX_RUNNING = 6
MAX_MODELS = 5


@dataclass(frozen=True)
class ActiveSearch:
    """`finished` of the `planned` trials have ended."""

    search: Search
    best: float | None
    finished: int
    planned: int
    remaining: Range | None
    front_text: str = ""


def running_now(user: Any) -> tuple[list[ActiveSearch], int]:
    """The latest active searches, and how many more there are. A query for each that is far enough
    to estimate its time."""
    active = Search.objects.visible_to(user).with_status(*SEARCH_ACTIVE).order_by("-created_at")
    rows = active.select_related("project").defer("oracle_state").for_list()
    shown = [_active(search) for search in rows.annotate(best=best_score())[:MAX_RUNNING]]
    return shown, max(active.count() - len(shown), 0)


def _active(search: Any) -> ActiveSearch:
    counts = {status: getattr(search, f"{status}_count") for status in Status}
    planned = planned_trials(search)
    return ActiveSearch(
        search,
        search.best,
        sum(counts[status] for status in FINISHED),
        max(planned, search.trial_count),
        time_left(search, counts, planned, planned_epochs(search)),
        front_text(search),
    )


def recent_models(user: Any) -> list[tuple[SavedModel, str, float | None]]:
    """Finished models, newest first, each with a metric of the test rows: no loss if another is
    known."""
    rows = (
        SavedModel.objects.visible_to(user)
        .completed()
        .select_related("trial__search__project")
        .only(
            "name", "version", "number", "stage", "project", "created_at", "test_metrics",
            "trial__number",
            "trial__search__number", "trial__search__project__name",
        )
        .order_by("-created_at")[:MAX_MODELS]
    )  # fmt: skip
    found = []
    for row in rows:
        name = min(row.test_metrics, key=lambda name: ("loss" in name, name), default="")
        found.append((row, name, row.test_metrics.get(name)))
    return found
