"""Logs what `model.fit` reports. Imported for it only: the client itself needs no Keras."""

from __future__ import annotations

from typing import Any

from keras.callbacks import Callback as KerasCallback

from .runs import Run


class Callback(KerasCallback):  # type: ignore[misc]
    """Reports each epoch of `fit` to a run, and ends the training when somebody stops the search.

        with search.trial(values, epochs=10) as run:
            model.fit(x, y, epochs=10, validation_split=0.2, callbacks=[Callback(run)])

    `execution` counts from 0, for folds or several trainings of one configuration.
    """

    def __init__(self, run: Run, execution: int = 0) -> None:
        super().__init__()
        self._run, self._execution = run, execution

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._run.log(epoch + 1, logs or {}, execution=self._execution)
        if self._run.should_stop:
            self.model.stop_training = True
