"""Computing importances: a worker asks a process of its own, one after the other.

Importances: the page's request writes an `Importances` row (what is wanted, of which filters, as
new as which revision) and sends a hint; a thread of a worker takes the row for a while and asks
a process of its own (`python -m tuning.analysis.studies`, Optuna's PED-ANOVA, or fANOVA with 32
trees of depth 8 where a person asks for it), because they would hold up the threads that
supervise. Numbers of few unique values are compared by their places: PED-ANOVA takes spikes in
the density of a continuous range for importance. Hyperparameters that only some trials use are
judged among those. A worker also looks by itself, so a lost message or worker only delays.
"""

import json
import logging
import math
import os
import subprocess
import sys
from threading import Lock
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import QueryDict

from tuning.analysis.front import key_of
from tuning.analysis.plots.importances import place_of
from tuning.analysis.studies import DEFAULT_METHOD, Family, Order, can_tell
from tuning.analysis.trials.columns import HYPERPARAMETERS
from tuning.analysis.trials.frame import frame_of
from tuning.analysis.trials.scope import Scope, project_scope, search_scope
from tuning.analysis.trials.selection import Selection
from tuning.figures import counted
from tuning.models import Importances, Search
from tuning.models.trial_index import as_text
from tuning.protocol.statuses import Status

logger = logging.getLogger(__name__)

LIMIT_SECONDS = 120
# A third of these gives the same shares to within a hundredth.
MAX_TRIALS = 10_000
# A text that nearly every trial has its own of tells nothing.
MAX_TEXTS = 100
NICE = 10


class ImportancesProcess:
    """One at a time, for each row that a page waits for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[str] | None = None
        self._closed = False

    @staticmethod
    def is_due() -> bool:
        return Importances.objects.stale().exists()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._process:
                self._process.kill()

    def compute_all(self) -> None:
        """A row of which nothing comes stays stale, and is free again after `taken_until`."""
        while not self._closed and self.compute_next():
            pass

    def compute_next(self) -> bool:
        """Whether there was something wanted, and it was ours to compute."""
        row = Importances.objects.stale().select_related("search").order_by("asked_at").first()
        if row is None or not Importances.objects.take(row.pk, LIMIT_SECONDS + 30):
            return False
        values = self._outcome(row)
        if not self._closed:
            Importances.objects.filter(pk=row.pk).update(
                # Of a project's searches together it is more than the newest one's.
                for_revision=max(row.search.revision, row.requested_revision),
                taken_until=None,
                **values,
            )
        return True

    def _outcome(self, row: Importances) -> dict[str, Any]:
        order, of = order_for(row)
        trials = len(order["scores"])
        if not order["parameters"]:
            return {"message": "These trials have no hyperparameters.", "result": {}}
        if not can_tell(order["scores"]):
            have = counted(trials, "completed trial")
            said = (
                f"Importances need several completed trials with different scores. Found: {have}."
            )
            return {"message": said, "result": {}}
        found = {"trials": trials, "of": of, "method": order["method"]}
        try:
            families = self._ask(order)
        except (subprocess.SubprocessError, OSError, ValueError) as error:
            logger.warning("%s: %s", row, error)
            return {"message": "The importances could not be computed: see the worker's log."}
        return {"message": "", "result": {**found, "families": families}}

    def _ask(self, order: Order) -> list[Family]:
        # One thread for each of numpy's libraries: the cores belong to the trials.
        single = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
        with self._lock:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tuning.analysis.studies"],
                cwd=settings.BASE_DIR, env={**os.environ, **single}, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
        with self._process as process:
            try:
                os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
                answer, errors = process.communicate(json.dumps(order), timeout=LIMIT_SECONDS)
            finally:
                process.kill()
                self._process = None
        if process.returncode:
            raise subprocess.SubprocessError(errors[-2000:])
        families: list[Family] = json.loads(answer)
        return families


def _scope_of(search: Search, query: QueryDict) -> Scope:
    """Of all searches of the project with this objective, where the table of the project asked."""
    found = project_scope(search.project, str(query["project"])) if "project" in query else None
    return found or search_scope(search)


def order_for(row: Importances) -> tuple[Order, int]:
    """The completed trials that the row's filters leave (a sample of very many), and how many there
    are."""
    query = QueryDict(row.query)
    # Only whose stars are meant: a worker need not read accounts.
    user = get_user_model()(pk=int(query.get("user", 0)))
    selection = Selection.read(_scope_of(row.search, query), query, user)
    columns = [c for c in selection.columns.of(HYPERPARAMETERS) if c.field or c.source]
    objective = row.search.objectives[place_of(query.get("objective", ""), row.search)]
    key = key_of(row.search, objective.name)
    every = math.ceil(selection.count / MAX_TRIALS) or 1
    frame = frame_of(selection, ["status", key, *(c.key for c in columns)], every=every)
    scored = [
        index
        for index, (status, score) in enumerate(zip(frame["status"], frame[key], strict=True))
        if status == Status.COMPLETED and score is not None
    ]
    order = Order(
        method=query.get("method", DEFAULT_METHOD),
        direction=objective.direction,
        scores=[frame[key][index] for index in scored],
        parameters=[],
    )
    for column in columns:
        values = [frame[column.key][index] for index in scored]
        if not column.is_number:
            values = [None if value is None else as_text(value) for value in values]
            if len(set(values)) > MAX_TEXTS:
                continue
        if any(value is not None for value in values):
            order["parameters"].append(
                {"name": column.label, "number": column.is_number, "log": column.log,
                 "values": values}
            )  # fmt: skip
    return order, len(scored) if every == 1 else selection.count
