"""What a strategy gets and gives: settings, state and known trials in, suggestion and state out.

Strategies are pure: they keep nothing between calls and know no database. Whoever asks keeps the
state, in the transaction in which it keeps the trial that was made from the suggestion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

from .untried import Key, key_of

State = dict[str, Any]
# Begins the names of trials from earlier searches.
WARM = "fed-"


@dataclass(frozen=True)
class Settings:
    """What decides the suggestions, besides the scores. `parallel`: trials that run at once;
    `constrained`: whether there are constraints; `arguments`: what Optuna's sampler of a script is
    made with (`optuna_arguments.py`)."""

    strategy: str
    objective: str
    direction: str
    space: dict[str, Any]
    seed: int
    max_trials: int
    epochs: int
    parallel: int = 1
    hyperband_factor: int = 3
    hyperband_iterations: int = 1
    bayesian_initial_points: int | None = None
    bayesian_alpha: float = 1e-4
    bayesian_beta: float = 2.6
    other_directions: tuple[str, ...] = ()
    constrained: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def directions(self) -> tuple[str, ...]:
        """Of all objectives, the first one's first."""
        return (self.direction, *self.other_directions)


@dataclass(frozen=True)
class KnownTrial:
    """A trial as its strategy knows it. `values` include the `tuner/*` keys; `status` is RUNNING,
    COMPLETED, PRUNED, INFEASIBLE or FAILED; `best_step` counts from 0; `end_order` is the order in
    which trials ended. `suggested` is false for what the strategy did not choose: the baseline,
    values entered by a person. Of a pruned trial, `score` is its last value, reported at step
    `last_step`, which counts from 1. `other_scores` are those of the objectives after the
    first. `excesses` say of each constraint by how much the trial violates it, above 0; an
    infeasible trial has scores unless it was not trained. `distributions` are Optuna's own JSON of
    what a script's trial has drawn its values from."""

    trial_id: str
    values: dict[str, Any]
    status: str
    score: float | None = None
    best_step: int = 0
    end_order: int = 0
    suggested: bool = True
    last_step: int = 0
    other_scores: Sequence[float] = ()
    excesses: Sequence[float] = ()
    distributions: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def key(self) -> Key:
        """Of its configuration. Each suggestion compares with those of all trials."""
        return key_of(self.values)

    @property
    def is_warm(self) -> bool:
        """Whether it still has the name of a trial of an earlier search."""
        return self.trial_id.startswith(WARM)


@dataclass(frozen=True, eq=False)
class Curve:
    """What a trial has reported: its values by steps, which count from 1. `status` is RUNNING,
    COMPLETED or PRUNED; a completed one has a score."""

    number: int
    status: str
    values: Mapping[int, float]
    score: float | None = None

    def until(self, step: int) -> "Curve":
        return replace(self, values={s: v for s, v in self.values.items() if s <= step})


@dataclass(frozen=True)
class Suggestion:
    """`status` RUNNING: train `values` as `trial_id`; IDLE: ask again when a running trial has
    ended; STOPPED: there is nothing more to try."""

    status: str
    trial_id: str
    values: dict[str, Any]
    state: State


class Suggests(Protocol):
    """The function `suggest` of each family's module."""

    def __call__(
        self, settings: Settings, state: State, trials: Sequence[KnownTrial], claimant: str,
        warm: Sequence[KnownTrial] = (),
    ) -> Suggestion:  # fmt: skip
        """The next trial. `claimant` differs between trials that run at the same time.

        `trials` are those of the search by number, ended ones with their results: that is how a
        strategy hears of them. `warm` are completed trials of other searches, with values that the
        space takes exactly. They count at the first call and are part of the state from then on,
        whatever becomes of their rows: the strategy learns from them, does not suggest them again,
        and they are none of `max_trials`.
        """
        ...


def known_warm(state: State, warm: Sequence[KnownTrial]) -> list[KnownTrial]:
    """What the search began with: the state has it from the first call on."""
    return [KnownTrial(**item) for item in state["fed"]] if "fed" in state else list(warm)


def plain(value: Any) -> Any:
    """The same value in JSON's own types (libraries hand out NumPy numbers)."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def with_warm(state: State, warm: Sequence[KnownTrial]) -> State:
    """The state that a search goes on with."""
    return {**state, "fed": [plain(asdict(item)) for item in warm]} if warm else state
