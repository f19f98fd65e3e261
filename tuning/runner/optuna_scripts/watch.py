"""What is seen of an objective function while it runs: epochs, reports, models."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tuning.protocol.events import EpochEnd, Event
from tuning.runner.custom_tuners.watch import Watch
from tuning.runner.networks.description import numbers
from tuning.runner.pruning import Pruning


@dataclass
class _Epoch:
    """One that has ended, and may still get the value that is reported of it."""

    model: Any
    number: int
    seconds: float
    # Keras's own, to which other callbacks of the `fit` may add something.
    logs: dict[str, Any]
    is_reported: bool = False
    value: float = 0.0


class ScriptWatch(Watch):
    """Epochs of Keras and values of `trial.report`, under the name `value_name`. A value that is
    reported after an epoch of Keras is that epoch's; any other is an epoch by itself."""

    # A pruning callback reports of an epoch that has to be known by then.
    hears_first = True

    def __init__(
        self, send: Callable[[Event], None], value_name: str, pruning: Pruning | None = None,
        most_epochs: int | None = None,
    ) -> None:  # fmt: skip
        """`most_epochs`: of each `fit` of Keras."""
        self.value_name = value_name
        self.most_epochs = most_epochs
        super().__init__(send, pruning=pruning)

    def begin(self) -> None:
        super().begin()
        self._open: _Epoch | None = None
        # Of what was reported.
        self.steps: list[int] = []
        # Of the longest `fit`.
        self.asked_epochs = 0

    @property
    def epochs(self) -> list[EpochEnd]:
        return self._epochs

    @property
    def models(self) -> int:
        """How many executions there were."""
        return len(self._counts)

    def go_on(self) -> None:
        """A trial ends when its code asks `should_prune`, and not before."""
        self.flush()

    def epoch(self, model: Any, epoch: int, logs: dict[str, Any] | None) -> None:
        self.flush()
        self.model_seen(model)
        now = time.monotonic()
        self._open = _Epoch(model, epoch, now - self._epoch_began, logs if logs is not None else {})
        self._epoch_began = now

    def report(self, value: float, step: int) -> None:
        self.steps.append(step)
        if self._open is None or self._open.is_reported:
            self.flush()
            now = time.monotonic()
            number = self._counts[-1] if self._counts else 0
            self._open = _Epoch(None, number, now - self._epoch_began, {}, True)
            self._epoch_began = now
        self._open.value, self._open.is_reported = value, True

    def flush(self) -> None:
        """Tell of the last epoch: nothing more is reported of it."""
        if self._open is None:
            return
        one, self._open = self._open, None
        reported = {self.value_name: one.value} if one.is_reported else {}
        self._send_epoch(one.model, one.number, one.seconds, numbers({**one.logs, **reported}))
        if self._pruning is not None:
            self._pruning.count()

    def is_pruned_now(self) -> bool:
        self.flush()
        return self._pruning is not None and self._pruning.decided()

    def epochs_of_fit(self, epochs: int) -> int:
        self.asked_epochs = max(self.asked_epochs, epochs)
        return epochs if self.most_epochs is None else min(epochs, self.most_epochs)
