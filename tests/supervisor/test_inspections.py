"""Reading search spaces: those that somebody waits for first, the others when nothing else is to be
done."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import DIGITS_FOLDER
from tuning.models import Dataset, HyperModel, Inspection, Project, Trial, Worker
from tuning.protocol.events import Progress
from tuning.protocol.orders import InspectOrder, SearchOrder, Split
from tuning.protocol.statuses import Status
from tuning.protocol.tasks import Task
from tuning.supervisor import claims
from tuning.supervisor.assignments.inspection import InspectionAssignment
from tuning.supervisor.claims import Slot, claim_next, has_work

from .fake_runner import Silence, Step, good_inspection

pytestmark = pytest.mark.django_db


def add_template(dataset: Dataset, key: str, **values: Any) -> Inspection:
    hypermodel = HyperModel.objects.create(key=key, name=key, kinds=["image"], **values)
    return Inspection.objects.create(dataset=dataset, hypermodel=hypermodel)


@pytest.fixture
def unasked(dataset: Dataset) -> Inspection:
    """Of a built-in template that no project uses."""
    return add_template(dataset, "unasked")


def test_unasked_inspections_come_after_all_other_work(
    unasked: Inspection, project: Project, make_search: Any, worker: Worker
) -> None:
    slot = Slot(worker, 0)
    make_search(max_trials=2, parallel_trials=1)
    awaited = add_template(project.dataset, "awaited")
    Project.objects.create(
        team=project.team, name="P", dataset=project.dataset, hypermodel=awaited.hypermodel
    )
    claimed = [claim_next(slot) for _ in range(4)]
    assert [type(row) for row in claimed] == [Inspection, Trial, Inspection, type(None)]
    assert [claimed[0], claimed[2]] == [awaited, unasked]


def test_a_new_search_waits_for_no_second_one(
    unasked: Inspection, project: Project, make_search: Any, worker: Worker
) -> None:
    """One is read at a time; the other slots are free for it."""
    add_template(project.dataset, "second")
    assert claim_next(Slot(worker, 0)) == unasked
    assert (claim_next(Slot(worker, 1)), has_work()) == (None, 0)
    make_search(parallel_trials=1)
    assert has_work() == 1
    assert isinstance(claim_next(Slot(worker, 1)), Trial)


def test_one_slot_reads_all_in_turn(unasked: Inspection, make_slot: Any) -> None:
    add_template(unasked.dataset, "second")
    assert has_work() == 1
    assert make_slot().run() == 2
    assert Inspection.objects.completed().count() == 2


def test_hints_are_sent_for_unasked_ones(unasked: Inspection, make_slot: Any) -> None:
    assert has_work() == 1
    assert make_slot().run() == 1
    unasked.refresh_from_db()
    assert (unasked.status, unasked.metrics) == (Status.COMPLETED, ["loss"])
    assert has_work() == 0


@pytest.fixture
def interrupted(worker: Worker, make_slot: Any) -> Any:
    """A function: the only slot of all reads a space that nobody asked for, and goes on and on
    unless it gives way; meanwhile `press` is called. Gives the slot, once it has nothing to do."""

    def run(press: Any) -> Any:
        Worker.objects.update(slots=1)
        pressed: list[Any] = []

        def inspection() -> Iterator[Step]:
            if pressed:
                yield from good_inspection()
            pressed.append(press)
            yield Progress("Reading …")
            yield press
            yield from [Silence] * 50
            pytest.fail("it goes on while a search waits")

        slot = make_slot(inspection=inspection)
        slot.run()
        return slot

    return run


def test_an_unasked_inspection_gives_way_at_once(
    unasked: Inspection, project: Project, make_search: Any, interrupted: Any
) -> None:
    slot = interrupted(lambda: make_search(max_trials=1))
    trial = Trial.objects.get()
    unasked.refresh_from_db()
    assert (trial.status, unasked.status) == (Status.COMPLETED, Status.COMPLETED)
    assert unasked.started_at > trial.finished_at, "it was begun anew, after the search"
    assert (unasked.lost_attempts, unasked.failure_code) == (0, "")
    assert [type(runner.orders[0]) for runner in slot.started] == [
        InspectOrder, SearchOrder, InspectOrder,
    ]  # fmt: skip
    assert slot.started[0].ended


def test_it_gives_way_to_any_work_that_somebody_waits_for(
    unasked: Inspection, dataset: Dataset, project: Project, alice: Any, interrupted: Any
) -> None:
    asked = add_template(dataset, "asked", superseded=True)
    interrupted(lambda: Inspection.objects.filter(pk=asked.pk).update(requested=True))
    asked.refresh_from_db()
    unasked.refresh_from_db()
    assert (asked.status, unasked.status) == (Status.COMPLETED, Status.COMPLETED)
    assert asked.finished_at < unasked.started_at


def test_it_gives_way_to_nobody_where_a_slot_is_free(
    unasked: Inspection, project: Project, make_search: Any, worker: Worker
) -> None:
    running = claim_next(Slot(worker, 0))
    assert running == unasked
    make_search(max_trials=1, parallel_trials=4)
    assert not InspectionAssignment(running).gives_way()
    make_search(max_trials=1)
    assert InspectionAssignment(running).gives_way()


def test_one_that_somebody_has_come_to_wait_for_goes_on(
    unasked: Inspection, project: Project, make_search: Any, worker: Worker
) -> None:
    Worker.objects.update(slots=1)
    running = claim_next(Slot(worker, 0))
    assert running == unasked
    make_search(max_trials=1)
    Inspection.objects.filter(pk=unasked.pk).update(requested=True)
    assert not InspectionAssignment(running).gives_way()


def test_none_is_begun_while_a_search_may_have_more_trials(
    unasked: Inspection, make_search: Any, worker: Worker, monkeypatch: Any
) -> None:
    """Between two rounds a strategy suggests nothing. It would begin and give way in turns."""
    make_search(parallel_trials=2)
    monkeypatch.setattr(claims, "claim_trial_of", lambda *_: None)
    assert claim_next(Slot(worker, 0)) is None


def test_it_leaves_the_spare_runner_to_those_who_wait(unasked: Inspection, make_slot: Any) -> None:
    slot = make_slot()
    slot.pool.keep([slot.device], idle=True)
    slot.run()
    assert [len(runner.orders) for runner in slot.started] == [0, 1]


def test_without_its_data_none_is_read(unasked: Inspection, worker: Worker) -> None:
    Dataset.objects.update(folder="", requested=False)
    assert has_work() == 0
    assert claim_next(Slot(worker, 0)) is None


def test_a_replaced_version_is_read_for_its_projects_only(project: Project, worker: Worker) -> None:
    old = add_template(project.dataset, "old", superseded=True)
    assert has_work() == 0
    assert claim_next(Slot(worker, 0)) is None
    Project.objects.create(
        team=project.team, name="P", dataset=project.dataset, hypermodel=old.hypermodel
    )
    assert has_work() == 1
    assert claim_next(Slot(worker, 0)) == old


def test_the_order_needs_no_project(unasked: Inspection, make_slot: Any) -> None:
    slot = make_slot()
    slot.run()
    [order] = slot.started[0].orders
    assert isinstance(order, InspectOrder)
    assert order.project.dataset_folder.endswith(f"/{DIGITS_FOLDER}")
    assert order.project.split == Split(0.7, 0.15, 0.15, seed=0, stratified=True)


def test_values_are_not_stratified(unasked: Inspection) -> None:
    unasked.dataset.task = Task.REGRESSION
    assert not unasked.order().split.stratified
