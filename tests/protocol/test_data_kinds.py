"""The tables of kinds of data and of tasks: what they say, and that databases hold their names."""

import pytest

from tuning.models import Dataset
from tuning.protocol.data_kinds import (
    DATA_KINDS,
    TEMPLATE_KINDS,
    DataKind,
    kind_of_rows,
    template_kinds_text,
)
from tuning.protocol.scorers import scorers_of
from tuning.protocol.tasks import TASKS, Task


def test_names_fit_into_the_database():
    for kind in TEMPLATE_KINDS:
        assert len(kind) <= Dataset._meta.get_field("kind").max_length
    for task in TASKS:
        assert len(task) <= Dataset._meta.get_field("task").max_length


def test_each_kind_has_templates():
    for traits in DATA_KINDS.values():
        assert traits.templates in TEMPLATE_KINDS
        assert traits.tasks


def test_each_kind_and_task_has_a_row():
    assert set(DATA_KINDS) == set(DataKind)
    assert set(TASKS) == set(Task)


def test_sequences_are_told_by_the_profile():
    assert kind_of_rows({"kind": "image"}) == DataKind.IMAGE
    assert kind_of_rows({"kind": "image", "sequences": True}) == DataKind.SEQUENCE
    assert kind_of_rows({}, "table") == DataKind.TABLE
    with pytest.raises(ValueError, match="not a valid DataKind"):
        kind_of_rows({})


def test_templates_say_what_they_are_for():
    assert template_kinds_text(["image", "table"]) == "images and tables"


@pytest.mark.parametrize("task", TASKS.values(), ids=str)
def test_scorers_that_everybody_knows_are_offered(task):
    profile = {"task": task.name, "num_classes": 2 if task.has_classes else None}
    assert set(task.scorers.values()) <= set(scorers_of(profile))
