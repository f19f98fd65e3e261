"""How the trials of a search are pruned, in words, and the settings of pruners.

On the site, `analysis/pruning.py` has the settings of pruners and all sentences about them; the
form, `tune`, the search page and the help are made from it and from the table of pruners.
Settings that the chosen pruner does not read are not looked at. *Train to the end*
(`actions.train_to_end`) queues a pruned trial by a conditional update; it keeps its `end_order`
until it ends again, because the curves that supervisors remember are read by it.
`analysis/savings.py` counts what pruned trials did not train and takes each one's own seconds per
epoch for the time. Plots of scores leave pruned trials out, as Optuna's do; the objective history
has them at their last value, where optuna-dashboard has them, but marked and without moving the
best so far.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tuning.figures import counted, figure
from tuning.models import Search, Trial
from tuning.protocol.model_kinds import KindTraits
from tuning.strategies.optuna_arguments import text_of
from tuning.strategies.pruners import Name, Traits, traits_of
from tuning.strategies.traits import Traits as Strategy
from tuning.strategies.traits import traits_of as strategy_of

HORIZON = (
    "Pruning can end trials that start slowly, for example with a small learning rate, but would "
    "have caught up."
)
SEVERAL = (
    "Pruning is off: with several objectives, a trial that is worse in one may be better in "
    "another."
)
FOLD_HORIZON = "Pruning can end trials that would have done better in the remaining folds."


@dataclass(frozen=True)
class Setting:
    """A setting of pruners: a field of a search with what it can be. `whole`: no fractions;
    `fold_help`: its help where models are trained in folds instead of epochs."""

    name: str
    caption: str
    help: str
    least: float | None = None
    most: float | None = None
    whole: bool = True
    fold_help: str = ""

    @property
    def option(self) -> str:
        """Of `manage.py tune`."""
        return "--" + self.name.replace("_", "-")

    def help_for(self, kind: KindTraits) -> str:
        return self.help if kind.has_epochs else self.fold_help or self.help

    def value_text(self, search: Search) -> str:
        value = getattr(search, self.name)
        return "none" if value is None else f"{value:,}" if self.whole else f"{value:.12g}"


# Upper limits against slips of the finger, not against use.
SETTINGS = (
    Setting(
        "pruning_warmup", "Warm-up",
        "Epochs over all executions before a trial can be pruned. The Wilcoxon test counts "
        "executions.",
        0, 1_000_000, fold_help="Folds before a trial can be pruned.",
    ),
    Setting(
        "pruning_min_trials", "Min trials",
        "Finished trials required before pruning starts.",
        1, 100_000,
    ),
    Setting(
        "pruning_interval", "Interval", "Epochs between pruning decisions.", 1, 100_000,
        fold_help="Folds between pruning decisions.",
    ),
    Setting(
        "pruning_percentile", "Percentile",
        "Keeps the best percentage of trials: 25 keeps the best quarter.",
        0, 100, whole=False,
    ),
    Setting(
        "pruning_patience", "Pruning patience",
        "Epochs without improvement before a trial can be pruned.", 1, 100_000,
        fold_help="Folds without improvement before a trial can be pruned.",
    ),
    Setting(
        "pruning_lower", "Lower threshold",
        "Prunes a trial whose objective falls below this value.",
        whole=False,
    ),
    Setting(
        "pruning_upper", "Upper threshold", "Prunes a trial whose objective exceeds this value.",
        whole=False,
    ),
    Setting(
        "pruning_factor", "Reduction factor",
        "Each rung keeps one in this many trials, after this many times the epochs.", 2, 10,
        fold_help="Each rung keeps one in this many trials, after this many times the folds.",
    ),
    Setting(
        "pruning_p", "p threshold",
        "Prunes a trial if the p-value is below this threshold.",
        0.0001, 1, whole=False,
    ),
)  # fmt: skip


def horizon_of(kind: KindTraits) -> str:
    """What pruning can cost."""
    return HORIZON if kind.has_epochs else FOLD_HORIZON


def in_units(text: str, kind: KindTraits) -> str:
    """What the table of pruners says of epochs, for models that are trained in folds."""
    return text.replace("epoch", kind.unit)


def help_of(traits: Traits, kind: KindTraits) -> str:
    return f"{in_units(traits.help, kind)} {in_units(traits.suits, kind)}"


def refusal(strategy: Strategy, objectives: int = 1) -> str:
    """Why trials of a strategy are not pruned; empty if they can be."""
    if objectives > 1:
        return SEVERAL
    if strategy.can_be_pruned:
        return ""
    return f"{strategy.caption} decides which trials continue, so trials are not pruned."


def pruning_text(search: Search) -> str:
    """How the trials of a search are pruned; what Automatic chose and why."""
    if said := refusal(search.strategy, len(search.objectives)):
        return said if search.pruner != Name.NONE else ""
    pruning = search.pruning
    if search.pruner != Name.AUTO:
        return in_units(pruning.traits.help, search.kind) if pruning.traits.prunes else ""
    if not pruning.traits.prunes:
        return f"No pruning: {pruning.reason}."
    return f"Pruning by {pruning.traits.caption}, which {pruning.reason}."


def values_of(search: Search) -> list[tuple[str, str]]:
    """Captions and values of what decides which trials are pruned, as a page's settings list
    them. Those of Automatic are in its reason."""
    asked = traits_of(search.pruner)
    used = search.pruning.traits
    if search.pruner != Name.NONE and refusal(search.strategy, len(search.objectives)):
        return [("Pruner", "None")]
    if asked.name == Name.AUTO:
        return [("Pruner", f"{asked.caption}: {used.caption if used.prunes else 'none'}")]
    settings = [setting for setting in SETTINGS if setting.name in used.settings]
    return [
        ("Pruner", asked.caption),
        *((setting.caption, setting.value_text(search)) for setting in settings),
        *([("Pruner arguments", text_of(given))] if (given := search.pruner_arguments) else []),
    ]


def pruned_text(trial: Trial) -> str:
    """When and by what a pruned trial was ended, and its last value."""
    search = trial.search
    kind, pruner = search.kind, search.pruning.traits
    planned = search.epochs * search.executions
    said = (
        f"Pruned after {trial.pruned_after or trial.epochs_done:,} of {counted(planned, kind.unit)}"
    )
    if kind.has_epochs and search.executions > 1:
        said += f" over {search.executions} {search.part}s"
    # An automatic choice may have become another one when the search was extended.
    said += f" by {pruner.caption}." if pruner.prunes else "."
    last = trial.last_metrics.get(search.objective)
    if last is not None:
        which = "Its last" if kind.has_epochs else f"The mean {search.score_name} of these folds"
        said += f" {which} {search.score_name} was {figure(last)}; it has no score."
    return said


def fewest_parts(p: float) -> int:
    """After how many executions or folds, each worse than the best trial's, a Wilcoxon test can
    give a p-value below this one: half of all cases are as bad for each part."""
    parts = 2
    while 0.5**parts >= p:
        parts += 1
    return parts


def option_problem(given: Mapping[str, Any], strategy: str, objectives: int = 1) -> str:
    """Which option of a command has no effect, and why; empty if none. `given`: the fields of a
    search that its options set."""
    pruner = traits_of(given.get("pruner", Name.AUTO))
    said = refusal(strategy_of(strategy), objectives)
    if said and pruner.name not in (Name.NONE, Name.AUTO):
        return f"--pruner has no effect. {said}"
    for setting in SETTINGS:
        if setting.name in given and setting.name not in pruner.settings:
            return f"{setting.option} has no effect with --pruner {pruner.name}."
    return ""
