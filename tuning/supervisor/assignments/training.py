"""Training something of a search: a trial, or one execution of a trial."""

import secrets
import time
from abc import abstractmethod
from typing import Any

from tuning.models import Search, Trial
from tuning.models.resource_use import NOTHING_SEEN, Used
from tuning.protocol.events import EpochEnd, Event, OfTrial
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import TrialOrder
from tuning.protocol.statuses import SEARCH_ACTIVE
from tuning.recording import judging
from tuning.recording.recorder import News
from tuning.supervisor.runners import Runner

from .base import Assignment
from .epoch_limit import EpochLimit

# One write a second keeps up with any training and keeps SQLite free for everybody else.
FLUSH_SECONDS = 1.0
# The first comes sooner, since a person may wait for it; what ends before is written once, whole.
FIRST_FLUSH_SECONDS = 0.3


class TrainingAssignment(Assignment):
    """Its runner goes on with other work of the same search afterwards."""

    reusable = True

    def __init__(self, row: Any, trial: Trial, executions: int) -> None:
        super().__init__(row)
        self.trial = trial
        self.search: Search = trial.search
        self.search_id = trial.search_id
        self.time_limit = self.search.time_limit
        self.stall_limit = self.search.stall_limit
        self.ordered = False
        # What the events of this attempt bear.
        self._token = ""
        # What is not written yet.
        self._epochs: list[EpochEnd] = []
        self._built: dict[str, Any] = {}
        self._built_at = self._flush_at = 0.0
        kind = ModelKind(self.search.model_kind)
        self._limit = EpochLimit(kind, self.search.epochs * executions)

    def start(self, runner: Runner) -> None:
        self._token = ""
        if runner.search_id == self.search.pk:
            # What former trials left running in it knows this one as little as their own.
            self._token = new_token()
        else:
            order = self.search.order()
            self.fetch_data(self.search.project.dataset)
            self.arrange(order.project)
            runner.send(order)
            runner.search_id = self.search.pk
        runner.mark_log()

    def concerns(self, event: Event) -> bool:
        return not isinstance(event, OfTrial) or event.trial == self._token

    def tick(self, runner: Runner) -> bool:  # noqa: ARG002
        due_at = self._flush_at if self._epochs else self._built_at + FLUSH_SECONDS
        if (self._epochs or self._built) and time.monotonic() >= due_at:
            self._flush()
        return False

    def _flush(self) -> None:
        self._write_news()
        self._epochs, self._built = [], {}
        self._flush_at = time.monotonic() + FLUSH_SECONDS

    def send_order(
        self,
        runner: Runner,
        execution: int | None = None,
        verdicts_after: int | None = None,
        values: dict[str, Any] | None = None,
        resume_after: int = 0,
    ) -> None:
        """Have the runner begin, with a new token. `values` go before the trial's own."""
        self._token = new_token()
        trial = self.trial
        # Of several executions the first one tells the size of them all.
        least, most = judging.parameter_limits(self.search) if not execution else (None, None)
        seed = self.search.seed * 100_000 + trial.number * 100
        runner.send(
            TrialOrder(
                trial.oracle_id or "baseline", {**trial.all_values, **(values or {})},
                seed % 2**31, self._token, verdicts_after, execution,
                least, most, trial.number, resume_after,
            )
        )  # fmt: skip
        self._flush_at = self._flush_at or time.monotonic() + FIRST_FLUSH_SECONDS
        self.ordered = True

    def is_cancelled(self) -> bool:
        active = Search.objects.filter(pk=self.search.pk, status__in=SEARCH_ACTIVE)
        return super().is_cancelled() or not active.exists()

    def _news(self) -> News:
        return News(self._epochs, self._done, self._built)

    @property
    @abstractmethod
    def _done(self) -> int | None:
        """All epochs of the trial's attempt so far, if this slot knows."""

    @abstractmethod
    def _write_news(self) -> None: ...

    @property
    def _used(self) -> Used:
        """Nothing if the runner never came to this work."""
        return self.used if self.ordered else NOTHING_SEEN


def new_token() -> str:
    return secrets.token_hex(8)
