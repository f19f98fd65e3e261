"""A search of Tuneroom's strategies and pruners, one trial at a time, on a recorded table.

It goes as the supervisor does: the baseline first, which is never pruned; a verdict after each
step but the last; pruned trials that are promoted go on where they stopped, before new ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tuning.spaces.hyperparameters import default_values
from tuning.strategies.contract import Curve, KnownTrial, Settings
from tuning.strategies.pruners import Name, Pruning, resolved
from tuning.strategies.pruning import promoted, should_prune
from tuning.strategies.suggesting import suggest
from tuning.strategies.traits import traits_of

from .tables import Step, Steps, Table


def ours(
    strategy: str, pruner: str = "none", **settings: Any
) -> Callable[[Table, int, int], Steps]:
    """`settings` are those of the pruner."""

    def steps(table: Table, seed: int, trials: int) -> Steps:
        asked = Pruning(Name(pruner), "max", table.units, **settings)
        pruning = resolved(asked, traits_of(strategy), not table.is_estimator, trials)
        chosen = Settings(strategy, "score", "max", table.space, seed, trials, table.units)
        return _Search(table, chosen, pruning).steps()

    return steps


@dataclass
class _Search:
    table: Table
    settings: Settings
    pruning: Pruning
    state: dict[str, Any] = field(default_factory=dict)
    trials: list[KnownTrial] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)

    def steps(self) -> Steps:
        defaults = default_values(self.table.space)
        self.trials.append(KnownTrial("own-1", defaults, "RUNNING", suggested=False))
        self.curves.append(Curve(1, "RUNNING", {}))
        yield self._train(1, may_be_pruned=False)
        while True:
            for curve in self._promoted():
                yield self._train(curve.number)
            number = len(self.trials) + 1
            found = suggest(self.settings, self.state, self.trials, str(number))
            if found.status != "RUNNING":
                return
            self.state = found.state
            self.trials.append(KnownTrial(found.trial_id, found.values, "RUNNING"))
            self.curves.append(Curve(number, "RUNNING", {}))
            yield self._train(number)

    def _train(self, number: int, may_be_pruned: bool = True) -> Step:
        """From where the trial stopped, to its end or until it is pruned."""
        place = number - 1
        recorded = self.table.curve(self.trials[place].values)
        begun = len(self.curves[place].values)
        values = self._values(recorded)
        for step in range(begun + 1, self.table.units):
            current = Curve(number, "RUNNING", {s: values[s] for s in range(1, step + 1)})
            if may_be_pruned and self._prunes(current):
                self._end(number, replace(current, status="PRUNED"), values[step])
                return step - begun, None
        score = self.table.score(recorded)
        status = "FAILED" if score is None else "COMPLETED"
        self._end(number, Curve(number, status, values, score), score)
        return self.table.units - begun, score

    def _values(self, recorded: Any) -> dict[int, float]:
        """What the pruner compares, by steps: epochs, folds, or the mean of the folds so far."""
        if self.table.is_estimator and not self.pruning.traits.by_part:
            return {step: float(recorded[:step].mean()) for step in range(1, len(recorded) + 1)}
        return {step: float(value) for step, value in enumerate(recorded, 1)}

    def _prunes(self, current: Curve) -> bool:
        traits, step = self.pruning.traits, len(current.values)
        if not traits.prunes or step <= self.pruning.warmup:
            return False
        if traits.compares_running and step not in self.pruning.rungs():
            return False
        others = [c for c in self.curves if c.number != current.number and c.status != "FAILED"]
        return should_prune(self.pruning, others, current, f"search-{self.settings.seed}")

    def _promoted(self) -> list[Curve]:
        if not self.pruning.traits.promotes:
            return []
        pruned = [curve for curve in self.curves if curve.status == "PRUNED"]
        others = [curve for curve in self.curves if curve.status == "COMPLETED"]
        return promoted(self.pruning, others, pruned, f"search-{self.settings.seed}")

    def _end(self, number: int, curve: Curve, score: float | None) -> None:
        self.curves[number - 1] = curve
        ended = sum(1 for trial in self.trials if trial.end_order) + 1
        self.trials[number - 1] = replace(
            self.trials[number - 1], status=curve.status, score=score, end_order=ended,
            last_step=len(curve.values),
        )  # fmt: skip
