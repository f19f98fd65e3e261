"""What the automatic strategy does, and why, in words.

It depends on the settings of a search alone: the same settings give the same choice.
"""

from dataclasses import dataclass
from typing import Any

from tuning.figures import in_words
from tuning.spaces.combinations import combinations, in_use
from tuning.spaces.hyperparameters import read_space

from .traits import STRATEGIES, Name

# CMA-ES adapts a covariance: below this many trials a dimension it has hardly begun.
CMAES_TRIALS_PER_DIMENSION = 50
# Trials spread evenly before the model takes over: at least, and one in so many of the budget.
MIN_STARTS, MAX_STARTS, STARTS_SHARE = 4, 10, 5


@dataclass(frozen=True)
class Choice:
    """`first` suggests the first `starts` trials, `then` all others."""

    first: Name
    starts: int
    then: Name
    reason: str

    @property
    def sentence(self) -> str:
        first, then = STRATEGIES[self.first].caption, STRATEGIES[self.then].caption
        trials = "1 trial" if self.starts == 1 else f"{self.starts} trials"
        return f"{first} for {trials}, then {then}, {self.reason}."


def choose(
    space: dict[str, Any], max_trials: int, parallel: int = 1, objectives: int = 1,
    constrained: bool = False,
) -> Choice:  # fmt: skip
    """The strategy for a search of this space with at most so many trials."""
    parameters = read_space(space)
    used = [p for p, use in zip(parameters, in_use(parameters), strict=True) if use]
    free = [p for p in used if p.count != 1]
    starts = max(MIN_STARTS, min(MAX_STARTS, max_trials // STARTS_SHARE))
    known = combinations(parameters)
    if known is not None and known <= max_trials:
        reason = f"which tries the promising ones of all {known:,} configurations first"
        return Choice(Name.SOBOL, min(starts, known), Name.TPE, reason)
    continuous = all(p.kind == "Float" and p.step is None and not p.conditions for p in free)
    suited = continuous and not STRATEGIES[Name.CMAES].refusal(objectives, constrained)
    if suited and len(free) > 1 and max_trials >= CMAES_TRIALS_PER_DIMENSION * len(free):
        reason = f"which suits {len(free)} continuous hyperparameters and {max_trials:,} trials"
        return Choice(Name.SOBOL, 1, Name.CMAES, reason)
    why = ["learns from every trial"]
    if objectives > 1:
        why.append(f"compares {objectives} objectives")
    if constrained:
        why.append("avoids what violates a constraint")
    if any(p.conditions for p in free):
        why.append("handles conditional hyperparameters")
    if parallel > 1:
        why.append(f"keeps {parallel} parallel trials apart")
    return Choice(Name.SOBOL, starts, Name.TPE, f"which {in_words(why)}")
