"""Trials that a script trains itself: what it logs is sent by a thread of its own.

`log` returns at once and never raises for the network: what could not be sent is kept and sent
again, as long as the process lives. The server takes the same report twice without harm.
"""

from __future__ import annotations

import atexit
import json
import logging
import math
import os
import socket
import sys
import threading
import time
import traceback
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import requests

from .http import Http, Problem

if TYPE_CHECKING:
    from .resources import Trial

logger = logging.getLogger("tuneroom")

# Pages look about as often.
FLUSH_SECONDS = 1.0
# Epochs and values in one request, at most.
BATCH, BATCH_VALUES = 1_000, 20_000
# How often a lease is renewed before it ends.
BEATS = 4
# Between two tries while the site cannot be reached.
MAX_WAIT = 60.0
# At the end of a run, after which it gives up; and when the script ends without one.
FINISH_TIMEOUT = 600.0
EXIT_TIMEOUT = 10.0

Key = tuple[int, int]


class Run:
    """A trial that this script trains. As a context it ends with its block: completed, or failed
    with the exception that left it."""

    def __init__(self, http: Http, given: Mapping[str, Any], read: Callable[[Any], Trial]) -> None:
        self._http = http
        self._read = read
        self.attempt = int(given["attempt"])
        self.trial: Trial = read(given["trial"])
        self.should_stop = False
        # Whether that is because other trials do better: then finishing it says so.
        self.is_pruned = False
        self.stop_reason = ""
        self.is_over = False
        self._pid = os.getpid()
        self._pending: dict[Key, dict[str, Any]] = {}
        self._key: Key | None = None
        # When the epoch before the current one was logged last, and the current one.
        self._mark = self._logged_at = time.monotonic()
        self._beat = int(given["lease_seconds"]) / BEATS
        self._sent_at = time.monotonic()
        self._changed = threading.Condition()
        # One request at a time, so that what was logged first arrives first.
        self._sending = threading.Lock()
        self._refusal: Problem | None = None
        self._thread: threading.Thread | None = None
        _open.add(self)
        if http.background:
            self._thread = threading.Thread(target=self._keep_sending, daemon=True)
            self._thread.start()

    @property
    def number(self) -> int:
        return self.trial.number

    @property
    def values(self) -> dict[str, Any]:
        return self.trial.values

    @property
    def url(self) -> str:
        """The address of its page."""
        return self.trial.url

    def log(
        self, epoch: int | None = None, metrics: Mapping[str, Any] | None = None, *,
        execution: int = 0, **named: Any,
    ) -> None:  # fmt: skip
        """Report metrics of an epoch, which counts from 1; without a number it is the next one. Of
        two values of one metric in one epoch the first is kept. `execution` counts from 0, for
        folds or several trainings of one configuration. `should_stop` says whether to go on."""
        numbers = _numbers({**(metrics or {}), **named})
        if self.is_over:
            raise RuntimeError(f"Trial {self.number} has ended.")
        with self._changed:
            if epoch is None:
                same = self._key is not None and self._key[0] == execution
                epoch = self._key[1] + 1 if self._key and same else 1
            key = execution, int(epoch)
            now = time.monotonic()
            if key != self._key:
                self._key, self._mark = key, self._logged_at
            self._logged_at = now
            row = self._pending.setdefault(key, {"metrics": {}})
            row["seconds"] = now - self._mark
            row["metrics"] = {**numbers, **row["metrics"]}
            self._changed.notify()

    def heartbeat(self) -> bool:
        """Say that the script is alive, which happens by itself as well. Whether it goes on."""
        self._send(always=True)
        return not self.should_stop

    def flush(self) -> None:
        """Send what was logged, now."""
        while self._pending and not self.is_over and not self._is_gone:
            self._send()

    def finish(
        self, score: float | None = None, metrics: Mapping[str, Any] | None = None, *,
        timeout: float = FINISH_TIMEOUT, **named: Any,
    ) -> Trial:  # fmt: skip
        """The trial is completed. Without a `score` it is the best value of the objective that was
        logged; other metrics are added to those of that epoch. Tries for `timeout` seconds while
        the site cannot be reached. Raises Problem if the site does not take it."""
        if self.is_pruned:
            return self.prune(timeout=timeout)
        body: dict[str, Any] = {"status": "completed"}
        if score is not None:
            body["score"] = number_of("score", score)
        body["metrics"] = _numbers({**(metrics or {}), **named})
        return self._end(body, timeout)

    def tell(self, score: float, **metrics: Any) -> Trial:
        """The trial is completed with this score."""
        return self.finish(score, metrics)

    def prune(self, *, timeout: float = FINISH_TIMEOUT) -> Trial:
        """The trial ended early, because others do better."""
        return self._end({"status": "pruned"}, timeout)

    def fail(
        self, message: str = "", traceback: str = "", *, timeout: float = FINISH_TIMEOUT
    ) -> Trial:
        """The trial ended badly."""
        body = {"status": "failed", "message": message[:20_000], "traceback": traceback[-20_000:]}
        return self._end(body, timeout)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        where: TracebackType | None,
    ) -> None:  # fmt: skip
        if self.is_over:
            return
        if error is not None:
            self.fail(*_about(error))
        elif not self._is_gone:
            self.finish()

    def __deepcopy__(self, memo: Any) -> Run:
        """KerasTuner copies callbacks: a run stays the one that it is."""
        return self

    def __repr__(self) -> str:
        return f"<Run {self.trial.path}>"

    # --- Sending --------------------------------------------------------------------------------

    @property
    def _is_gone(self) -> bool:
        """Whether the site takes no more of it."""
        return self.should_stop and not self.is_pruned

    def _keep_sending(self) -> None:
        wait = FLUSH_SECONDS
        while self._wait(wait):
            try:
                self._send(always=time.monotonic() >= self._sent_at + self._beat)
                wait = FLUSH_SECONDS
            except (requests.RequestException, Problem) as error:
                # What is not sent stays where it is.
                wait = min(wait * 2, MAX_WAIT)
                logger.warning("Could not report to the site, trying again: %s", error)

    def _wait(self, seconds: float) -> bool:
        """Until there may be something to send. Whether the run goes on."""
        due = time.monotonic() + seconds
        with self._changed:
            while not self.is_over and not self._is_gone:
                now = time.monotonic()
                beat = self._sent_at + self._beat
                ready = due if self._pending else max(due, beat)
                if now >= ready:
                    return True
                self._changed.wait(ready - now)
        return False

    def _send(self, always: bool = False) -> None:
        """One report. Raises RequestException or Problem if it may be sent again."""
        with self._sending:
            if self.is_over:
                # Meanwhile its end was reported.
                return
            batch = self._batch()
            if not batch and not always:
                return
            body = {"attempt": self.attempt, "epochs": batch}
            try:
                answer = self._http.post(f"{self.trial.path}/log", body, key="")
            except Problem as problem:
                if _passes(problem):
                    raise
                self._refused(problem)
                return
            self._sent_at = time.monotonic()
            self._sent(batch)
            self.is_pruned = answer["pruned"]
            if answer["should_stop"]:
                self._stop(answer["reason"])

    def _batch(self) -> list[dict[str, Any]]:
        batch: list[dict[str, Any]] = []
        values = 0
        with self._changed:
            for key, row in islice(self._pending.items(), BATCH):
                values += len(row["metrics"])
                if batch and values > BATCH_VALUES:
                    break
                about = {"execution": key[0], "epoch": key[1], "seconds": row["seconds"]}
                batch.append({**about, "metrics": dict(row["metrics"])})
        return batch

    def _fits(self) -> bool:
        """Whether what waits is one request."""
        return len(self._batch()) == len(self._pending)

    def _sent(self, batch: list[dict[str, Any]]) -> None:
        """Forget what has arrived; metrics that were logged meanwhile wait."""
        with self._changed:
            for row in batch:
                key = row["execution"], row["epoch"]
                rest = self._pending[key]["metrics"]
                for name in row["metrics"]:
                    rest.pop(name, None)
                if not rest:
                    del self._pending[key]

    def _refused(self, problem: Problem) -> None:
        """The site takes no more of this run."""
        self._refusal, self.is_pruned = problem, False
        self._stop(problem.detail)
        logger.warning("The site takes no more reports of trial %s: %s", self.number, problem)

    def _stop(self, reason: str) -> None:
        with self._changed:
            self.should_stop, self.stop_reason = True, reason
            self._changed.notify_all()

    def _end(self, body: dict[str, Any], timeout: float) -> Trial:
        if self.is_over:
            raise RuntimeError(f"Trial {self.number} has ended.")
        until = time.monotonic() + timeout
        while not self._fits() and not self._is_gone:
            self._persist(self._send, until)
        with self._changed:
            self.is_over = True
            self._changed.notify_all()
        _open.discard(self)
        with self._sending:
            # A report that was on its way may have come back with that.
            if self._is_gone:
                return self._ended_there()
            body |= {"attempt": self.attempt, "epochs": self._batch()}
            # One for all tries: an answer may get lost as often as a request.
            address, key = f"{self.trial.path}/finish", uuid.uuid4().hex
            try:
                found = self._persist(lambda: self._http.post(address, body, key), until)
            except Problem as problem:
                if problem.status == 422:
                    # It can be finished in another way.
                    self._open_again()
                raise
        self.trial = self._read(found)
        return self.trial

    def _open_again(self) -> None:
        self.is_over = False
        _open.add(self)
        if self._thread:
            self._thread = threading.Thread(target=self._keep_sending, daemon=True)
            self._thread.start()

    def _ended_there(self) -> Trial:
        """Somebody stopped it, which is no error of the script; anything else is."""
        if self._refusal is not None and self._refusal.status != 409:
            raise self._refusal
        self.trial = self.trial.refresh()
        if self.trial.status != "stopped" and self._refusal is not None:
            raise self._refusal
        logger.warning("Trial %s has ended: %s", self.number, self.stop_reason)
        return self.trial

    def _persist(self, send: Callable[[], Any], until: float) -> Any:
        """Try again until then."""
        wait = FLUSH_SECONDS
        while True:
            try:
                return send()
            except (requests.RequestException, Problem) as error:
                if not _passes(error) or time.monotonic() + wait > until:
                    raise
                logger.warning("Could not report to the site, trying again: %s", error)
                self._http.sleep(wait)
                wait = min(wait * 2, MAX_WAIT)

    def _abandon(self) -> None:
        """The script ends and has not said how the trial did."""
        if self._pid != os.getpid():
            # A child of the script, which is not the one that trains.
            return
        error = getattr(sys, "last_value", None)
        about = _about(error) if error else ("The script ended before it finished the trial.", "")
        try:
            self.fail(*about, timeout=EXIT_TIMEOUT)
        except (requests.RequestException, Problem) as problem:
            logger.warning("Could not end trial %s: %s", self.number, problem)


_open: weakref.WeakSet[Run] = weakref.WeakSet()


@atexit.register
def _abandon_all() -> None:
    for run in list(_open):
        run._abandon()


def number_of(name: str, value: Any) -> float | None:
    """None for what is NaN or infinite, which JSON does not have."""
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} is no number: {value!r}.") from error
    return number if math.isfinite(number) else None


def _numbers(metrics: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: number_of(name, value) for name, value in metrics.items()}


def plain_values(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Hyperparameters as the site takes them: numbers, texts, true and false. What is nested gets
    names with dots; lists become text; None is left out."""
    return dict(_plain(values, prefix))


def _plain(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, given in values.items():
        key = f"{prefix}{name}"
        is_number_of_numpy = hasattr(given, "item") and not getattr(given, "shape", ())
        value = given.item() if is_number_of_numpy else given
        if isinstance(value, Mapping):
            yield from _plain(value, f"{key}.")
        elif isinstance(value, bool | int | str):
            yield key, value
        elif isinstance(value, float):
            yield key, value if math.isfinite(value) else str(value)
        elif isinstance(value, list | tuple):
            yield key, json.dumps(value, default=str)
        elif value is not None:
            yield key, str(value)


def script_name() -> str:
    """What the trial's page calls this script: "train.py on gpu-box"."""
    program = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "Python"
    return f"{program} on {socket.gethostname()}"[:200]


def _passes(error: requests.RequestException | Problem) -> bool:
    """Whether the same request may be taken later."""
    return not isinstance(error, Problem) or error.status >= 500 or error.status == 429


def _about(error: BaseException) -> tuple[str, str]:
    message = f"{type(error).__name__}: {error}"
    return message, "".join(traceback.format_exception(error))
