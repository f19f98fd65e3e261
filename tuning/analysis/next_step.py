"""What a person would do next with a search: the actions of its bar, and one suggestion."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tuning.figures import figure, signed
from tuning.models import SavedModel, Search, Trial
from tuning.protocol.statuses import Status

from .edges import Edge

# Fewer completed trials than this are refined to the best of them, more to the best tenth.
MANY, FEW = 30, 3


@dataclass(frozen=True)
class Actions:
    """What the action bar needs. `refine_to` is how many of the best trials a refinement takes, as
    the filter `score__top` has it; empty if too few trials have completed."""

    best: Trial | None
    refine_to: str

    @property
    def refine_text(self) -> str:
        return "the best 10 %" if "%" in self.refine_to else f"the best {self.refine_to}"


class Step(StrEnum):
    WIDEN = "widen"
    RETRAIN = "retrain"
    EXTEND = "extend"
    REFINE = "refine"


@dataclass(frozen=True)
class NextStep:
    """One suggestion. `edges` are the ranges to widen, the first of them is the one spoken of."""

    step: Step
    sentence: str
    edges: Sequence[Edge] = ()


def actions_of(search: Search) -> Actions:
    """Two queries, however many trials there are."""
    best = search.trials.best_first(search.direction).only("search", "number", "score").first()
    # Counted no further than needed.
    done = search.trials.filter(status=Status.COMPLETED).order_by()[:MANY].count()
    return Actions(best, "" if done < FEW else f"{FEW}" if done < MANY else "10%")


def next_step(
    search: Search, actions: Actions, edges: Sequence[Edge], baseline: Trial | None
) -> NextStep | None:
    """None while the search runs, for a confirmation, and where nothing can be built on."""
    best = actions.best
    if search.is_active or best is None or not search.strategy.suggests:
        return None
    if edges:
        return NextStep(
            Step.WIDEN, f"{edges[0].sentence} Better values may be outside the range.", edges
        )
    if not search.is_imported and not _retrained(best):
        if baseline is not None and baseline.pk == best.pk:
            return NextStep(
                Step.EXTEND,
                "No trial beats the baseline yet. Run more trials, or change the search space.",
            )
        return NextStep(Step.RETRAIN, _retrain_sentence(search, best, baseline))
    if actions.refine_to:
        done = "" if search.is_imported else f"Trial {best.number} was retrained. "
        return NextStep(
            Step.REFINE, f"{done}A search around {actions.refine_text} trials may find better ones."
        )
    return None


def _retrain_sentence(search: Search, best: Trial, baseline: Trial | None) -> str:
    scores = (best.score, baseline.score) if baseline else (None, None)
    against = ""
    if scores[0] is not None and scores[1] is not None:
        against = f", {signed(scores[0] - scores[1])} against the baseline"
    kind = "model" if search.kind.has_epochs else "estimator"
    return (
        f"Trial {best.number} is the best with {figure(best.score)}{against}. "
        f"Retrain it on all training and validation rows to download its {kind}."
    )


def _retrained(trial: Trial) -> bool:
    """Whether a model of this trial is there or in the making."""
    gone: list[Any] = [Status.FAILED, Status.STOPPED]
    return SavedModel.objects.filter(trial=trial).exclude(status__in=gone).exists()
