"""Work that wants a GPU, on workers with and without: who takes what, and who is called for it."""

from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from django.contrib.auth.models import User
from django.utils import timezone

from tuning import tasks
from tuning.actions import dispatch
from tuning.actions.dry_runs import start_dry_run
from tuning.actions.saved_models import retrain
from tuning.actions.searches import set_gpu
from tuning.analysis.slots import Demand, Slots, slots
from tuning.models import (
    DryRun,
    Execution,
    HyperModel,
    Inspection,
    Project,
    Search,
    Trial,
    Worker,
)
from tuning.models.workers import Requested
from tuning.protocol.gpu_needs import GpuNeed
from tuning.protocol.statuses import Status
from tuning.supervisor import claims, schedule
from tuning.supervisor.claims import Slot, claim_next
from tuning.supervisor.gpus import Found, Gpu
from tuning.supervisor.launch import Device
from tuning.supervisor.pool import RunnerPool
from tuning.supervisor.slots import SlotNumbers
from tuning.supervisor.worker import WorkerProcess

from .fake_runner import FakeRunner

pytestmark = pytest.mark.django_db
REQUIRED, PREFERRED = GpuNeed.REQUIRED, GpuNeed.PREFERRED


@pytest.fixture
def mixed(db: None) -> Worker:
    """A worker whose first slot has a GPU and whose second one has none."""
    now = timezone.now()
    return Worker.objects.create(name="gpu-1", slots=2, gpu_slots=1, started_at=now, seen_at=now)


@pytest.fixture
def on_gpu(mixed: Worker) -> Slot:
    return Slot(mixed, 0)


@pytest.fixture
def on_cpu(worker: Worker) -> Slot:
    return Slot(worker, 0)


def search_of(row: Any) -> int | None:
    """The search of a claimed trial."""
    assert row is None or isinstance(row, Trial)
    return row.search_id if row else None


def test_a_required_gpu_is_waited_for(make_search: Any, on_cpu: Slot, on_gpu: Slot) -> None:
    search = make_search(gpu=REQUIRED, parallel_trials=4, max_trials=4)
    assert claim_next(on_cpu) is None
    assert claim_next(Slot(on_gpu.worker, 1)) is None
    assert search_of(claim_next(on_gpu)) == search.pk


def test_other_searches_go_on_meanwhile(make_search: Any, on_cpu: Slot, mixed: Worker) -> None:
    make_search(gpu=REQUIRED, priority=Search.Priority.HIGH)
    plain = make_search()
    assert search_of(claim_next(on_cpu)) == plain.pk
    assert search_of(claim_next(on_cpu, prefer=plain.pk)) == plain.pk


def test_a_preferred_gpu_is_waited_for_while_one_is_free(
    make_search: Any, on_cpu: Slot, on_gpu: Slot
) -> None:
    search = make_search(gpu=PREFERRED, parallel_trials=4, max_trials=4)
    assert claim_next(on_cpu) is None
    assert search_of(claim_next(on_gpu)) == search.pk
    assert search_of(claim_next(on_cpu)) == search.pk


def test_nobody_waits_for_the_gpu_of_a_paused_worker(
    make_search: Any, on_cpu: Slot, mixed: Worker
) -> None:
    search = make_search(gpu=PREFERRED)
    Worker.objects.filter(pk=mixed.pk).update(requested=Requested.PAUSE)
    assert search_of(claim_next(on_cpu)) == search.pk


def test_without_gpus_a_preference_costs_one_query(
    make_search: Any, on_cpu: Slot, django_assert_num_queries: Any
) -> None:
    make_search(gpu=PREFERRED)
    with django_assert_num_queries(1):
        assert claims.may_take([PREFERRED], has_gpu=False) == {PREFERRED}
    with django_assert_num_queries(0):
        claims.may_take([GpuNeed.NONE, REQUIRED], has_gpu=False)


def test_a_gpu_goes_to_those_who_want_one(make_search: Any, on_gpu: Slot, on_cpu: Slot) -> None:
    plain = make_search(parallel_trials=1)
    wanting = make_search(gpu=PREFERRED, parallel_trials=4, max_trials=4)
    assert search_of(claim_next(on_gpu)) == wanting.pk
    other = Slot(on_gpu.worker, 2)
    Worker.objects.filter(pk=on_gpu.worker.pk).update(gpu_slots=3, slots=3)
    other.worker.refresh_from_db()
    # Though that search has a trial, and it worked for the other one until now.
    assert search_of(claim_next(other, prefer=plain.pk)) == wanting.pk
    assert search_of(claim_next(Slot(other.worker, 1), prefer=plain.pk, firmly=True)) == plain.pk


def test_a_higher_priority_goes_before_the_wish_for_a_gpu(make_search: Any, on_gpu: Slot) -> None:
    make_search(gpu=REQUIRED)
    high = make_search(priority=Search.Priority.HIGH)
    assert search_of(claim_next(on_gpu)) == high.pk


def test_a_retraining_needs_what_its_search_needs(
    make_search: Any, alice: User, on_cpu: Slot, on_gpu: Slot
) -> None:
    search = make_search(gpu=REQUIRED, max_trials=1)
    trial = claim_next(on_gpu)
    Trial.objects.update(status=Status.COMPLETED, score=0.5)
    Search.objects.update(status="completed")
    model = retrain(alice, Trial.objects.get(pk=trial.pk))
    assert claim_next(on_cpu) is None
    assert claim_next(on_gpu) == model
    assert model.trial.search == search


def test_a_dry_run_needs_what_its_form_says(
    project: Project, alice: User, on_cpu: Slot, on_gpu: Slot
) -> None:
    row = start_dry_run(alice, DryRun(inspection=project.inspection, project=project, gpu=REQUIRED))
    assert claim_next(on_cpu) is None
    assert not claims.others_go_first(0, on_cpu, firmly=True)
    assert claims.others_go_first(0, on_gpu, firmly=True)
    assert claim_next(on_gpu) == row


def test_executions_need_what_their_search_needs(
    make_search: Any, on_cpu: Slot, on_gpu: Slot, mixed: Worker
) -> None:
    search = make_search(gpu=REQUIRED, max_trials=1, executions_per_trial=3, parallel_trials=3)
    trial = claim_next(on_gpu)
    execution = Execution.objects.create(trial=trial, trial_attempt=trial.attempt, number=2)
    assert claim_next(on_cpu, prefer=search.pk) is None
    Worker.objects.filter(pk=mixed.pk).update(gpu_slots=2)
    mixed.refresh_from_db()
    assert claim_next(Slot(mixed, 1), prefer=search.pk) == execution


def test_a_changed_setting_counts_from_the_next_trial(make_search: Any, on_cpu: Slot) -> None:
    search = make_search(gpu=REQUIRED)
    assert claim_next(on_cpu) is None
    set_gpu(search, PREFERRED)
    assert search_of(claim_next(on_cpu)) == search.pk


def test_what_no_worker_can_do_keeps_no_slot_from_other_work(
    make_search: Any, project: Project, on_cpu: Slot
) -> None:
    """Spaces for the galleries are read though a search waits for a GPU that nobody has."""
    make_search(gpu=REQUIRED)
    extra = HyperModel.objects.create(key="extra", name="Extra", kinds=["image"])
    unasked = Inspection.objects.create(dataset=project.dataset, hypermodel=extra)
    assert not claims.lacks_slots()
    assert claim_next(on_cpu) == unasked


def test_an_inspection_gives_way_where_only_a_gpu_is_missing(
    make_search: Any, on_gpu: Slot, on_cpu: Slot
) -> None:
    make_search(gpu=REQUIRED, parallel_trials=3, max_trials=3)
    claim_next(on_gpu)
    assert slots() == Slots(total=4, free=3, gpus=1, free_gpus=0)
    assert claims.lacks_slots()


def test_demand_is_counted_by_what_it_may_run_on(
    make_search: Any, on_cpu: Slot, on_gpu: Slot
) -> None:
    make_search(gpu=REQUIRED, parallel_trials=3, max_trials=3)
    make_search(gpu=PREFERRED, parallel_trials=2)
    make_search(parallel_trials=2)
    assert claims.demand() == Demand(on_gpu=3, anywhere=4)
    # Four slots are free, one of which has a GPU.
    assert schedule.claimable() == Demand(on_gpu=1, anywhere=3)


def test_a_quota_of_slots_counts_both_kinds_together(
    make_search: Any, on_gpu: Slot, settings: Any
) -> None:
    settings.TEAM_QUOTAS = {**settings.TEAM_QUOTAS, "max_slots": 3}
    make_search(gpu=REQUIRED, parallel_trials=2)
    make_search(parallel_trials=2)
    assert claims.demand() == Demand(on_gpu=2, anywhere=1)


@pytest.mark.parametrize(
    ("gpu", "busy", "queues"),
    [
        ("", False, [None, None]),
        ("require", False, [dispatch.GPU_QUEUE]),
        ("prefer", False, [dispatch.GPU_QUEUE, None]),
        # All GPUs are busy: workers look by themselves when one is free again.
        ("require", True, []),
        ("prefer", True, [None, None]),
    ],
)
def test_those_are_called_who_can_come(
    gpu: str, busy: bool, queues: list[str | None], make_search: Any, on_gpu: Slot,
    monkeypatch: Any, django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    if busy:
        make_search(max_trials=1)
        assert claim_next(on_gpu)
    sent: list[str | None] = []

    def send_task(name: str, queue: str | None, **_: Any) -> None:
        assert name == (dispatch.GPU_WORK_TASK if queue else dispatch.WORK_TASK)
        sent.append(queue)

    monkeypatch.setattr(dispatch.current_app, "send_task", send_task)
    with django_capture_on_commit_callbacks(execute=True):
        make_search(gpu=gpu, parallel_trials=2)
    assert sent == queues


def test_a_worker_calls_for_its_own_gpus_only(
    make_search: Any, mixed: Worker, worker: Worker, monkeypatch: Any
) -> None:
    sent: list[Demand] = []
    module = "tuning.supervisor.worker"
    monkeypatch.setattr(f"{module}.send_hints", lambda demand: sent.append(demand) or True)
    make_search(gpu=REQUIRED, parallel_trials=4, max_trials=4)
    for row in (mixed, worker):
        process = WorkerProcess()
        process.row = row
        process.numbers = SlotNumbers(row.slots, row.gpu_slots)
        process._ring()
    assert sent == [Demand(on_gpu=1), Demand()]


def test_a_call_for_a_gpu_takes_a_slot_with_one(
    make_search: Any, mixed: Worker, monkeypatch: Any, settings: Any
) -> None:
    settings.SLOTS, settings.CPU_SLOTS, settings.SPARE_RUNNERS = 2, 1, 0
    monkeypatch.setattr("tuning.supervisor.gpus.find", lambda: Found((Gpu(0),)))
    started: list[Device] = []

    def start(device: Device) -> FakeRunner:
        started.append(device)
        return FakeRunner(device)

    process = WorkerProcess()
    process.pool = RunnerPool(start)
    process.row, process.numbers = mixed, SlotNumbers(2, on_gpu=1)
    for for_gpu in (False, True):
        search = make_search(max_trials=1)
        assert process.work(for_gpu) == 1
        assert search.trials.get().slot == (0 if for_gpu else 1)
    assert [device.gpu for device in started] == [None, Gpu(0)]


@pytest.mark.parametrize("count", [0, 1])
def test_only_workers_with_a_gpu_read_its_queue(count: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(tasks.slots, "gpu_slots", lambda: count)
    monkeypatch.setattr(tasks.this_worker, "start", lambda _: None)
    # What it is for is tested elsewhere; here it would outlive the test.
    monkeypatch.setattr(tasks.os, "umask", lambda _: None)
    app = Celery("test", broker="memory://")
    tasks._start("name@host", instance=SimpleNamespace(app=app))
    read = set(app.amqp.queues.consume_from)
    assert read == {"celery", *([dispatch.GPU_QUEUE] if count else [])}
