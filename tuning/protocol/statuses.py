"""What can become of a search and of the pieces of work a runner does."""

from enum import StrEnum


class Status(StrEnum):
    """Where a piece of work stands: a trial, an inspection, a preparation or a retraining. Only
    trials are pruned (ended early because others did better) or infeasible (they violate a
    constraint, and have no score)."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    PRUNED = "pruned"
    INFEASIBLE = "infeasible"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def caption(self) -> str:
        return _CAPTIONS[self]


def status_choices() -> list[tuple[str, str]]:
    """For a database field, whose migrations then need not know every status."""
    return [(status.value, status.caption) for status in Status]


class SearchStatus(StrEnum):
    """Where a search stands. RUNNING includes waiting for a free slot."""

    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def caption(self) -> str:
        return _SEARCH_CAPTIONS[self]


ACTIVE = frozenset({Status.QUEUED, Status.RUNNING})
FINISHED = frozenset(Status) - ACTIVE

SEARCH_ACTIVE = frozenset({SearchStatus.RUNNING, SearchStatus.PAUSED})
SEARCH_FINISHED = frozenset({SearchStatus.COMPLETED, SearchStatus.STOPPED, SearchStatus.FAILED})

_CAPTIONS = {
    Status.QUEUED: "Waiting",
    Status.RUNNING: "Running",
    Status.COMPLETED: "Completed",
    Status.PRUNED: "Pruned",
    Status.INFEASIBLE: "Infeasible",
    Status.FAILED: "Failed",
    Status.STOPPED: "Stopped",
}
_SEARCH_CAPTIONS = {
    SearchStatus.RUNNING: "Running",
    SearchStatus.PAUSED: "Paused",
    SearchStatus.COMPLETED: "Completed",
    SearchStatus.STOPPED: "Stopped",
    SearchStatus.FAILED: "Failed",
}
