"""What is known of model templates' search spaces, for the pages that show templates."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tuning.figures import counted
from tuning.models import HyperModel, Inspection
from tuning.protocol.statuses import Status
from tuning.spaces.combinations import combinations
from tuning.spaces.hyperparameters import Hyperparameter, read_space


@dataclass(frozen=True)
class KnownSpace:
    """A template and what was read from it, if anything was."""

    hypermodel: HyperModel
    inspection: Inspection | None

    @property
    def is_known(self) -> bool:
        return self.inspection is not None and self.inspection.status == Status.COMPLETED

    @cached_property
    def space(self) -> list[Hyperparameter]:
        return read_space(self.inspection.space) if self.inspection else []

    @property
    def combinations(self) -> int | None:
        return combinations(self.space)

    @property
    def samples_text(self) -> str:
        """How large models of this space get, in a sentence; empty if none was built."""
        found = self.inspection.samples if self.inspection else {}
        tried, failed = found.get("tried", 0), found.get("failed", 0)
        if not tried:
            return ""
        what = f"{counted(tried, 'sampled model')}"
        if tried < found.get("wanted", 0):
            what = f"{tried} of {found['wanted']} sampled models"
        if failed == tried:
            return f"{what}: none could be built."
        if self.inspection and not self.inspection.kind.has_parameters:
            # What an estimator learns has no size before it is fitted.
            return f"{what}: {failed} could not be built." if failed else f"{what}: all were built."
        sizes = [f"{found.get(name, 0):,}" for name in ("smallest", "median", "largest")]
        text = f"{what}: median {sizes[1]} parameters ({sizes[0]} to {sizes[2]})."
        if not failed:
            return f"{text} All could be built."
        return f"{text} {round(100 * failed / tried)} % ({failed}) could not be built."

    @property
    def samples_failure(self) -> str:
        """Why the first of those that could not be built failed."""
        return self.inspection.samples.get("first_failure", "") if self.inspection else ""

    @property
    def unknown_text(self) -> str:
        """Why there is nothing to show, and what will change that."""
        if self.hypermodel.superseded:
            return "not validated. A newer version replaced this one."
        if self.inspection is None:
            return "not validated yet. A new project validates it."
        if self.inspection.status == Status.RUNNING:
            return f"validating on {self.inspection.dataset}…"
        if self.inspection.status == Status.QUEUED:
            return "not validated yet. A worker validates it when it is idle."
        return f"validation on {self.inspection.dataset} failed. A new project tries again."


def known_spaces(user: Any, hypermodels: Iterable[HyperModel]) -> list[KnownSpace]:
    """One for each template, in two queries. Of several datasets the first counts on which it was
    read, as far as the user may know of both."""
    listed = list(hypermodels)
    inspections = (
        Inspection.objects.visible_to(user)
        .filter(hypermodel__in=[hypermodel.pk for hypermodel in listed])
        .select_related("dataset")
        .defer("summary", "log_tail", "failure_traceback", "dataset__profile")
        .order_by("dataset")
    )
    best: dict[int, Inspection] = {}
    for row in inspections:
        first = best.setdefault(row.hypermodel_id, row)
        if first.status != Status.COMPLETED and row.status == Status.COMPLETED:
            best[row.hypermodel_id] = row
    return [KnownSpace(hypermodel, best.get(hypermodel.pk)) for hypermodel in listed]
