"""Whether the current trial of a search is pruned: asked after each of its epochs or folds.

The supervisor decides; its verdict on an epoch may come later than the next epoch begins.

In the runner, `runner/pruning.py` looks for the verdict after each epoch that was sent
(`Channel.verdict`; a verdict that comes after its trial is dropped by its token). A pruned
network's `fit` ends by Keras's `stop_training`, so that the callbacks finish what they do, and no
further execution is trained. What trains on all the same (another `fit`, a loop of the template's
own) meets `Pruned` at its next epoch: a BaseException, which `except Exception` does not handle
and which is raised again at each later epoch. Nothing that a trial raises after its verdict is a
failure. The last weights and the optimizer's state are saved before `on_train_end`, where
`restore_best_weights` would replace them; the optimizer is built before they are loaded, because
Keras leaves out the state of one without variables. Six epochs in one go and three and three have
the same losses (`tests/runner/test_resumed_trials.py`). A `fit` of the template's own that does
not train all its epochs in one `model.fit` leaves no weights. The count of `EarlyStopping` begins
again when a trial goes on. Custom tuners are ended in the same way (`custom_tuners/watch.py`), by
whichever means they report epochs; of calls of `update_trial`, the second one with the same
metrics shows that they are epochs and no result. Cross-validations end between folds.
"""

import time

from tuning.protocol.orders import TrialOrder

from .channel import Channel

# A verdict is worth so long a wait after a quick epoch. During a slow one it arrives anyway.
MAX_WAIT_SECONDS = 0.05
QUICK_EPOCH_SECONDS = 1.0
# Far longer than a verdict takes: a supervisor without its database may not answer for a while.
MAX_WAIT_WHEN_ASKED = 30.0


class Pruned(BaseException):
    """Ends the training of a pruned trial. It is no failure, so that code of a template that
    handles errors (`except Exception`) does not handle it."""


class Refused(BaseException):
    """Ends a trial whose model its order does not allow, before the training. No failure either."""


class Pruning:
    """The verdicts on one trial after another, and what has come of them."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.is_pruned = self.keeps_weights = False
        self._verdicts_after: int | None = None
        # Epochs or folds that the supervisor knows of, and those with a verdict.
        self._units = self._judged = 0

    def begin(self, order: TrialOrder) -> None:
        """The next trial begins; a resumed one with the epochs that are behind it."""
        self.is_pruned = self.keeps_weights = False
        self._verdicts_after = order.verdicts_after
        self._units = self._judged = int(order.values.get("tuner/initial_epoch", 0))

    def resume(self, units: int) -> None:
        """The trial goes on after so many epochs."""
        self._units = self._judged = units

    def check(self) -> None:
        """Raise Pruned if a verdict has ended the trial."""
        if self.is_pruned:
            raise Pruned("The trial is pruned.")

    def count(self) -> None:
        """An epoch was sent whose verdict is looked for after the next one."""
        self._units += 1

    def epoch_ended(self, seconds: float) -> bool:
        """After an epoch (or a fold) of so many seconds was sent: whether the trial is pruned now.
        Raises Pruned in a training that goes on although it is."""
        self.count()
        self.check()
        if self._verdicts_after is None or self._units <= self._verdicts_after:
            return False
        wait = MAX_WAIT_SECONDS if seconds < QUICK_EPOCH_SECONDS else 0.0
        self.is_pruned = self._is_pruned_within(wait)
        return self.is_pruned

    def decided(self) -> bool:
        """Whether the trial is pruned after all that was sent. Waits for the verdict: code that
        asks means to go on by it."""
        if self._verdicts_after is not None and self._units > self._verdicts_after:
            self.is_pruned = self.is_pruned or self._is_pruned_within(MAX_WAIT_WHEN_ASKED)
        return self.is_pruned

    def _is_pruned_within(self, seconds: float) -> bool:
        """Listen for so long, unless the verdict on the last epoch comes sooner."""
        deadline = time.monotonic() + seconds
        while self._judged < self._units:
            verdict = self._channel.verdict(max(0.0, deadline - time.monotonic()))
            if verdict is None:
                return False
            if verdict.prune:
                self.keeps_weights = verdict.keep_weights
                return True
            self._judged = verdict.units
        return False
