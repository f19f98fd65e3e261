"""Driving a strategy as a search does: one call after the other, the state going through JSON."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tuning.strategies.contract import KnownTrial, Settings, State, Suggestion
from tuning.strategies.suggesting import suggest

Values = dict[str, Any]
# The scores, and by how much each constraint is violated.
Judged = tuple[list[float], list[float]]


def settings_of(strategy: str, space: dict[str, Any], **others: Any) -> Settings:
    fields = {"objective": "val_accuracy", "direction": "max", "seed": 3, "max_trials": 40}
    return Settings(**{"strategy": strategy, "space": space, "epochs": 4, **fields, **others})


class Driver:
    """A search of one strategy, in memory."""

    def __init__(
        self, settings: Settings, score: Callable[[Values], float],
        warm: Sequence[KnownTrial] = (), trials: Sequence[KnownTrial] = (),
    ) -> None:  # fmt: skip
        self.settings = settings
        self.score = score
        self.warm = warm
        self.state: State = {}
        # Of several objectives, and constraints: see `Judged`.
        self.judged: Callable[[Values], Judged] | None = None
        self.trials = list(trials)

    def start(self) -> Suggestion:
        warm = [] if self.state else self.warm
        number = str(len(self.trials) + 1)
        suggestion = suggest(self.settings, self.state, self.trials, number, warm)
        if suggestion.status == "RUNNING":
            self.state = json.loads(json.dumps(suggestion.state))
            self.trials.append(KnownTrial(suggestion.trial_id, suggestion.values, "RUNNING"))
        return suggestion

    def end(self, trial_id: str, status: str = "COMPLETED") -> None:
        place = next(i for i, t in enumerate(self.trials) if t.trial_id == trial_id)
        trial = self.trials[place]
        score = self.score(trial.values) if status == "COMPLETED" else None
        order = 1 + max(t.end_order for t in self.trials)
        if self.judged is not None:
            (score, *others), excesses = self.judged(trial.values)
            trial = replace(trial, other_scores=others, excesses=excesses)
            status = "INFEASIBLE" if any(excess > 0 for excess in excesses) else status
        self.trials[place] = replace(trial, status=status, score=score, end_order=order)

    def run(self, most: int) -> list[Values]:
        """With one slot, until there are so many trials or nothing more to try."""
        while len(self.trials) < most and (suggestion := self.start()).status == "RUNNING":
            self.end(suggestion.trial_id)
        return [trial.values for trial in self.trials]
