"""Reading search spaces: those that somebody waits for first, the others when nothing else is to be
done."""

from typing import Any

import pytest

from tests.conftest import DIGITS_FOLDER
from tuning.models import Dataset, HyperModel, Inspection, Project, Trial, Worker
from tuning.protocol.orders import InspectOrder, Split
from tuning.protocol.statuses import Status
from tuning.supervisor.claims import Slot, claim_next, has_work

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


def test_without_its_data_none_is_read(unasked: Inspection, worker: Worker) -> None:
    Dataset.objects.update(folder="", wanted=False)
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
    unasked.dataset.task = Dataset.Task.REGRESSION
    assert not unasked.order().split.stratified
