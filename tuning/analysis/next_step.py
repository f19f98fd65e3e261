"""What a person would do next with a search: the actions of its bar, and one suggestion."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from tuning.analysis.trials.columns import ON_FRONT
from tuning.figures import counted, figure, in_words, signed
from tuning.models import SavedModel, Search, Trial
from tuning.protocol.statuses import Status

from .confirmation import Confirmation, confirmation, lasting_refusal
from .edges import Edge
from .front import Front, constraint_text, front_of, suggested
from .summary import light

# Fewer completed trials than this are refined to the best of them, more to the best tenth.
MANY, FEW = 30, 3


@dataclass(frozen=True)
class Actions:
    """What the action bar needs. `refine_to` is how many of the best trials a refinement takes, as
    the filter `score__top` has it; empty if too few trials have completed. `can_confirm`: whether
    the top trials can be run again; `is_suggested`: the trial to retrain is not just the one with
    the best score."""

    best: Trial | None
    refine_to: str
    front: Front | None = None
    can_confirm: bool = False
    is_suggested: bool = False

    @property
    def filter(self) -> str:
        """Of an address: the trials that a refinement takes."""
        if self.front:
            return urlencode({"front__in": ON_FRONT})
        return urlencode({"score__top": self.refine_to})

    @property
    def refine_text(self) -> str:
        if self.front:
            return f"the {counted(len(self.front.trials), 'trial')} of the front"
        best = "10 %" if "%" in self.refine_to else self.refine_to
        return f"the best {best} trials"


class Step(StrEnum):
    WIDEN = "widen"
    RETRAIN = "retrain"
    EXTEND = "extend"
    REFINE = "refine"
    RELAX = "relax"


@dataclass(frozen=True)
class NextStep:
    """One suggestion. `edges` are the ranges to widen, the first of them is the one spoken of;
    `trial` is retrained in place of the best one."""

    step: Step
    sentence: str
    edges: Sequence[Edge] = ()
    trial: Trial | None = None

    @property
    def widened(self) -> str:
        """What the button widens."""
        name = self.edges[0].parameter.name if self.edges else ""
        return name if len(self.edges) == 1 else f"{len(self.edges)} ranges"

    @property
    def query(self) -> str:
        """Of an address: the ranges to widen."""
        return urlencode({"widen": [edge.key for edge in self.edges]}, doseq=True)


def actions_of(search: Search) -> Actions:
    """Two queries, however many trials there are."""
    again = confirmation(search)
    best = suggested(search) if again is None else _suggested_by(again)
    # Counted no further than needed.
    done = search.trials.filter(status=Status.COMPLETED).order_by()[:MANY].count()
    refine_to = "" if done < FEW else f"{FEW}" if done < MANY else "10%"
    front = front_of(search) if search.has_several_objectives else None
    can_confirm = best is not None and search.strategy.suggests and not lasting_refusal(search)
    is_suggested = front is not None or again is not None
    return Actions(best, refine_to, front, can_confirm, is_suggested)


def next_step(
    search: Search, actions: Actions, edges: Sequence[Edge], baseline: Trial | None,
    confirmations: Sequence[Confirmation] = (),
) -> NextStep | None:  # fmt: skip
    """None while the search runs, for a confirmation, and where nothing can be built on.
    `confirmations` are those of its top trials, the latest first."""
    best = actions.best
    if search.is_active or not search.strategy.suggests:
        return None
    if best is None:
        sentence = _infeasible_sentence(search) if search.runs_here else ""
        return NextStep(Step.RELAX, sentence) if sentence else None
    confirmed = _confirmed(best, confirmations)
    if confirmed is not None:
        return NextStep(
            Step.RETRAIN, f"{confirmed.sentence} {_retraining(search, confirmed.trial)}",
            trial=confirmed.trial,
        )  # fmt: skip
    if edges:
        return NextStep(
            Step.WIDEN, f"{edges[0].sentence} Better values may be outside the range.", edges
        )
    if search.runs_here and not _retrained(best):
        if actions.front:
            return NextStep(Step.RETRAIN, _front_sentence(search, best, actions.front))
        if baseline is not None and baseline.pk == best.pk and not _is_perfect(search, best):
            return NextStep(
                Step.EXTEND,
                "No trial beats the baseline yet. Run more trials, or change the search space.",
            )
        return NextStep(Step.RETRAIN, _retrain_sentence(search, best, baseline))
    if actions.refine_to:
        done = f"Trial {best.number} was retrained. " if search.runs_here else ""
        return NextStep(
            Step.REFINE, f"{done}A search around {actions.refine_text} may find better ones."
        )
    return None


def _infeasible_sentence(search: Search) -> str:
    """Which constraints keep a search from having a best trial; empty if none does."""
    trials = light(search.trials.filter(status=Status.INFEASIBLE)).select_related("search")
    found = Counter(constraint_text(limit) for trial in trials for limit in trial.violated)
    if not found:
        return ""
    parts = [f"{text} is violated by {counted(count, 'trial')}" for text, count in found.items()]
    return (
        f"No trial is feasible: {in_words(parts)}. Relax the constraints, or search other ranges."
    )


def _front_sentence(search: Search, best: Trial, front: Front) -> str:
    kind = "model" if search.kind.has_epochs else "estimator"
    if len(front.trials) == 1:
        return (
            f"Trial {best.number} alone is on the Pareto front. {front.reason} Retrain it to "
            f"download its {kind}."
        )
    return (
        f"{counted(len(front.trials), 'trial').capitalize()} are on the Pareto front. Trial "
        f"{best.number} is the suggested compromise. {front.reason} Retrain it, or another trial "
        f"of the front, to download its {kind}."
    )


def _is_perfect(search: Search, trial: Trial) -> bool:
    """Whether no score can be better: all rows right, or no error at all, which scikit-learn's
    scorers count below 0."""
    counts_errors = search.direction == Search.Direction.MIN or search.scoring.startswith("neg_")
    return trial.score == (0.0 if counts_errors else 1.0)


def _retrain_sentence(search: Search, best: Trial, baseline: Trial | None) -> str:
    if best == baseline:
        score = figure(best.score)
        return f"Trial {best.number}, the baseline, has a score of {score}. {_retraining(search)}"
    scores = (best.score, baseline.score) if baseline else (None, None)
    against = ""
    if scores[0] is not None and scores[1] is not None:
        against = f", {signed(scores[0] - scores[1])} against the baseline"
    return (
        f"Trial {best.number} is the best with {figure(best.score)}{against}. {_retraining(search)}"
    )


def _retraining(search: Search, trial: Trial | None = None) -> str:
    which = f"trial {trial.number}" if trial else "it"
    kind = "model" if search.kind.has_epochs else "estimator"
    return f"Retrain {which} on all training and validation rows to download its {kind}."


@dataclass(frozen=True)
class _Confirmed:
    sentence: str
    trial: Trial


def _confirmed(best: Trial, confirmations: Sequence[Confirmation]) -> _Confirmed | None:
    """What the latest confirmation suggests, unless it does not know the best trial, or the
    suggested one was retrained."""
    for found in confirmations:
        trial = found.suggested.trial if found.suggested else None
        if trial is not None:
            knows_best = any(row.trial == best for row in found.rows)
            is_next = knows_best and not _retrained(trial)
            return _Confirmed(found.sentence, trial) if is_next else None
    return None


def _suggested_by(confirmation: Confirmation) -> Trial | None:
    """The trial to retrain: the confirmed one, or where that is deleted the one that ran again."""
    found = confirmation.suggested
    return (found.trial or found.again) if found else None


def _retrained(trial: Trial) -> bool:
    """Whether a model of this trial is there or in the making."""
    gone: list[Any] = [Status.FAILED, Status.STOPPED]
    return SavedModel.objects.filter(trial=trial).exclude(status__in=gone).exists()
