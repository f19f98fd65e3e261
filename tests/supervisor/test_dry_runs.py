"""Dry runs are claimed, told model by model, and kept as far as they came."""

import pytest
from django.contrib.auth.models import User

from tuning.actions.dry_runs import start_dry_run
from tuning.models import DryRun, Project, Worker
from tuning.models.dry_runs import MODELS
from tuning.protocol.events import BadEvent, DryRunEnd, ModelTried, Progress
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.orders import DryRunOrder
from tuning.protocol.statuses import Status
from tuning.recording.recorder import LeaseLost
from tuning.supervisor.assignments.dry_run import DryRunAssignment
from tuning.supervisor.claims import Slot, claim_next, has_work

from .fake_runner import FakeRunner

TRIED = ModelTried(100, 1200, 0.5, 1.5)


@pytest.fixture
def claimed(project: Project, alice: User, worker: Worker) -> DryRun:
    start_dry_run(alice, DryRun(inspection=project.inspection, project=project, batch_size=16))
    assert has_work() == 1
    row = claim_next(Slot(worker, 0))
    assert isinstance(row, DryRun)
    return row


def test_models_are_kept_one_after_the_other(claimed: DryRun) -> None:
    work, runner = DryRunAssignment(claimed), FakeRunner()
    work.start(runner)
    [order] = runner.orders
    assert isinstance(order, DryRunOrder)
    assert (order.batch_size, order.models, order.kind) == (16, MODELS, "keras")
    assert not work.record(Progress("Model 1 of 50"), runner)
    assert not work.record(TRIED, runner)
    assert not work.record(ModelTried(failure="ValueError: " + "x" * 900), runner)
    row = DryRun.objects.get()
    assert [len(each["failure"]) for each in row.tried] == [0, 300]
    assert work.record(DryRunEnd(rows=7), runner)
    row.refresh_from_db()
    assert (row.status, row.rows, row.tried[0]["parameters"]) == (Status.COMPLETED, 7, 100)


def test_what_was_tried_stays_if_a_model_ends_the_runner(claimed: DryRun) -> None:
    work = DryRunAssignment(claimed)
    work.record(TRIED, FakeRunner())
    work.fail(Failure(FailureCode.OUT_OF_MEMORY, "Too large."))
    row = DryRun.objects.get()
    assert (row.status, len(row.tried)) == (Status.FAILED, 1)


@pytest.mark.parametrize("event", [ModelTried(seconds=-1.0), ModelTried(setup=-1.0)])
def test_impossible_figures_are_refused(claimed: DryRun, event: ModelTried) -> None:
    with pytest.raises(BadEvent):
        DryRunAssignment(claimed).record(event, FakeRunner())


def test_no_runner_tells_of_more_models_than_were_ordered(claimed: DryRun) -> None:
    work = DryRunAssignment(claimed)
    work.row.tried = [{}] * MODELS
    with pytest.raises(BadEvent):
        work.record(TRIED, FakeRunner())


def test_the_next_one_replaces_it(claimed: DryRun, alice: User, project: Project) -> None:
    start_dry_run(alice, DryRun(inspection=project.inspection))
    with pytest.raises(LeaseLost):
        DryRunAssignment(claimed).record(DryRunEnd(), FakeRunner())
    assert DryRun.objects.get().status == Status.QUEUED
