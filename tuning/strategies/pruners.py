"""The pruners and their traits: one row each, which everything else reads.

A pruner ends trials early that do worse than others did at the same point. A step is what a trial
reports: an epoch, counted over all its executions, or a fold.

`tuning/strategies/pruners.py` is the table of pruners; `pruning.py` asks Optuna's own about a
trial, from the curves alone: what successive halving would note down about a trial follows from
them. In a script that reports each epoch the same trials end at the same epochs
(`tests/strategies/test_pruning.py`). A step is an epoch, counted over all executions, or a fold
(the mean of the folds so far); the Wilcoxon test compares whole executions or each fold.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from .traits import Traits as Strategy

# Below these, pruning has too little to compare with, or too little to save.
MIN_STEPS, MIN_TRIALS = 5, 10
# Of each rung, pruned trials whose weights wait for them to be promoted. Of 65 promotions in
# simulated searches of 20 to 300 trials, 1 was of a trial that was none of the best 5 (of the best
# 3: 4), and so began again.
MAX_WAITING = 5
# Of the automatic choice: a slow starter has so large a part of its training to catch up.
WARMUP_SHARE = 5
# Of code that decides itself when a trial ends.
MAX_STEPS = 10**6


class Name(StrEnum):
    """What the database, the command line and addresses call the pruners."""

    NONE = "none"
    AUTO = "auto"
    MEDIAN = "median"
    PERCENTILE = "percentile"
    ASHA = "asha"
    HYPERBAND = "hyperband"
    PATIENT = "patient"
    THRESHOLD = "threshold"
    WILCOXON = "wilcoxon"


@dataclass(frozen=True)
class Traits:
    """`help` is one sentence; `suits` says when to choose it.

    settings: the fields of a search that it reads.
    by_part: compares whole executions or folds, not epochs.
    compares_running: looks at what all others had at the same rung, after 1, 3, 9… steps; else at
        completed trials only, after each step.
    promotes: a pruned trial that belongs to the best of its rung after all goes on.
    """

    name: Name
    caption: str
    help: str
    suits: str
    settings: tuple[str, ...] = ()
    by_part: bool = False
    compares_running: bool = False
    promotes: bool = False

    @property
    def prunes(self) -> bool:
        return self.name != Name.NONE


_COMPARING = ("pruning_warmup", "pruning_min_trials", "pruning_interval")
_TABLE = (
    Traits(
        Name.NONE, "None",
        "Does not prune.",
        "Few epochs or trials, or models that start slowly and end well.",
    ),
    Traits(
        Name.AUTO, "Automatic",
        "Chooses a pruner and its warm-up from the number of epochs and trials and the strategy.",
        "Start here. The search page says what was chosen and why.",
    ),
    Traits(
        Name.MEDIAN, "Median",
        "Prunes a trial whose best value so far is worse than the median of finished trials at the "
        "same epoch.",
        "Most searches. Needs no further settings.",
        _COMPARING,
    ),
    Traits(
        Name.PERCENTILE, "Percentile",
        "Prunes a trial whose best value so far is outside the best share of finished trials at "
        "the same epoch.",
        "Like the median, but as strict or as lenient as you want it.",
        (*_COMPARING, "pruning_percentile"),
    ),
    Traits(
        Name.ASHA, "Successive halving (ASHA)",
        "Compares all trials at rungs, for example after 1, 3 and 9 epochs with a reduction "
        "factor of 3. The best third continues.",
        "Many trials with many epochs each, above all with parallel trials.",
        ("pruning_warmup", "pruning_factor"), compares_running=True, promotes=True,
    ),
    Traits(
        Name.HYPERBAND, "Hyperband brackets",
        "Successive halving in several groups of trials that begin to prune after different "
        "numbers of epochs.",
        "Like successive halving, when you do not know how early curves are reliable.",
        ("pruning_warmup", "pruning_factor"), compares_running=True,
    ),
    Traits(
        Name.PATIENT, "Patient median",
        "Prunes as the median does, but only a trial that has not improved for some epochs.",
        "Noisy curves, and models that improve late.",
        (*_COMPARING, "pruning_patience"),
    ),
    Traits(
        Name.THRESHOLD, "Threshold",
        "Prunes a trial whose value leaves the given range.",
        "Diverging models with known bad values.",
        ("pruning_warmup", "pruning_interval", "pruning_lower", "pruning_upper"),
    ),
    Traits(
        Name.WILCOXON, "Wilcoxon test",
        "Prunes a trial whose executions or folds are significantly worse than those of the best "
        "trial.",
        "Cross-validation with many folds, and trials with several executions.",
        ("pruning_warmup", "pruning_p"), by_part=True,
    ),
)  # fmt: skip

PRUNERS = {traits.name: traits for traits in _TABLE}
CHOICES = [(traits.name.value, traits.caption) for traits in _TABLE]


def traits_of(name: str) -> Traits:
    """The row of a pruner, by what the database calls it."""
    return PRUNERS[Name(name)]


@dataclass(frozen=True)
class Pruning:
    """What decides which trials are pruned, besides their values. `steps`: of a trial that is
    trained to its end; `warmup`: steps in which no trial is pruned; both count parts for a pruner
    that compares those; the others are those of a search, without `pruning_`. `first_step`: the
    number of a script's first step, whatever else counts from 1 here; `ends_by_code`: its code
    decides when a trial ends; `arguments`: further ones of Optuna's pruner, by name."""

    pruner: Name
    direction: str
    steps: int
    warmup: int = 0
    min_trials: int = 5
    interval: int = 1
    percentile: float = 50.0
    patience: int = 3
    lower: float | None = None
    upper: float | None = None
    factor: int = 3
    p: float = 0.1
    reason: str = ""
    first_step: int = 1
    ends_by_code: bool = False
    arguments: tuple[tuple[str, Any], ...] = ()

    @property
    def traits(self) -> Traits:
        return PRUNERS[self.pruner]

    @property
    def end(self) -> int:
        """Trials are pruned before this step. Code that ends its trials itself may hear after its
        last step, as from Optuna."""
        return MAX_STEPS if self.ends_by_code else self.steps

    @property
    def first_pruned(self) -> int:
        """The first step, by the code's own count, at which a trial may be pruned."""
        return self.warmup + self.first_step

    @property
    def resource(self) -> int:
        """The same for successive halving, whose steps are amounts."""
        return max(1, self.first_pruned)

    def rungs(self, rate: int = 0) -> list[int]:
        """The steps at which successive halving compares, before the end of a trial. Brackets of a
        higher `rate` begin later."""
        rate += dict(self.arguments).get("min_early_stopping_rate", 0)
        found, resource = [], self.resource * self.factor**rate
        while (step := resource - self.first_step + 1) < self.end:
            found.append(step)
            resource *= self.factor
        return found


def resolved(
    pruning: Pruning, strategy: Strategy, has_epochs: bool, max_trials: int, objectives: int = 1,
    folds: int = 0,
) -> Pruning:  # fmt: skip
    """The same with a pruner in place of Automatic, and none where the strategy plans its own
    rounds or trials are compared by several objectives. `folds`: of a cross-validation, which
    Optuna recommends the Wilcoxon test for; of networks with fewer than it needs, epochs are
    compared, each with the same one of the same fold. `reason` says in words why Automatic chose
    what it did."""
    if not strategy.can_be_pruned or objectives > 1:
        return replace(pruning, pruner=Name.NONE)
    if pruning.pruner != Name.AUTO:
        return pruning
    unit = "epochs" if has_epochs else "folds"

    def none(reason: str) -> Pruning:
        return replace(pruning, pruner=Name.NONE, reason=reason)

    if not strategy.learns_from_pruned:
        return none(f"{strategy.caption} cannot learn from pruned trials")
    if max_trials < MIN_TRIALS:
        return none(f"fewer than {MIN_TRIALS} trials are too few to compare")
    if pruning.steps < MIN_STEPS:
        return none(f"trials with fewer than {MIN_STEPS} {unit} are too short to save time")
    if not has_epochs or folds >= MIN_STEPS:
        reason = "compares the folds with those of the best trial"
        return replace(pruning, pruner=Name.WILCOXON, steps=folds, warmup=0, p=0.1, reason=reason)
    warmup = max(1, pruning.steps // WARMUP_SHARE)
    counted = "1 epoch" if warmup == 1 else f"{warmup} epochs"
    reason = f"suits trials of {pruning.steps} epochs, with {counted} of warm-up"
    return replace(
        pruning, pruner=Name.MEDIAN, warmup=warmup, min_trials=5, interval=1, reason=reason
    )
