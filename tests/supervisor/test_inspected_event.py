"""What an inspection found comes from an untrusted process."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from tuning.models import Dataset, HyperModel, Inspection, Worker
from tuning.protocol.events import BadEvent, Inspected, Samples, decode_event, encode_event
from tuning.protocol.script_settings import ScriptArgument, ScriptSettings
from tuning.supervisor.assignments.inspection import (
    directions_of,
    model_kind_of,
    objective_of,
    script_of,
)
from tuning.supervisor.claims import Slot, claim_next

SAMPLES = Samples(20, 20, 1, 10, 20, 30, "ValueError")
EVENT = Inspected({"space": []}, ["loss"], 7, "dense", SAMPLES, "A script.")


def test_samples_survive_the_wire() -> None:
    assert decode_event(encode_event(EVENT)) == EVENT


@pytest.mark.parametrize(
    "samples",
    [{"tried": -1}, {"tried": "many"}, {"more": 1}, [], None, {"largest": 2**63},
     {"first_failure": {}}],
)  # fmt: skip
def test_samples_are_checked(samples: Any) -> None:
    line = json.dumps({"event": "inspected", **asdict(EVENT), "samples": samples}).encode()
    with pytest.raises(BadEvent):
        decode_event(line)


@pytest.mark.django_db
def test_they_are_stored(dataset: Dataset, hypermodel: HyperModel, make_slot: Any) -> None:
    Inspection.objects.create(dataset=dataset, hypermodel=hypermodel)
    make_slot().run()
    assert Inspection.objects.get().samples == asdict(Samples())


def test_what_somebody_asked_for_goes_first(
    dataset: Dataset, hypermodel: HyperModel, worker: Worker
) -> None:
    Inspection.objects.create(dataset=dataset, hypermodel=hypermodel)
    asked = HyperModel.objects.create(key="asked", name="Asked", kinds=["image"])
    inspection = Inspection.objects.create(dataset=dataset, hypermodel=asked, requested=True)
    assert claim_next(Slot(worker, 0)) == inspection


def test_a_kind_of_model_that_nobody_knows_is_refused() -> None:
    event = replace(EVENT, kind="quantum")
    with pytest.raises(BadEvent, match="unknown kind"):
        model_kind_of(event)


def test_a_proposed_objective_survives_the_wire() -> None:
    event = replace(EVENT, objective="loss", direction="min")
    assert decode_event(encode_event(event)) == event
    assert objective_of(event) == "loss"


@pytest.mark.parametrize(
    ("objective", "direction", "words"),
    [("loss", "sideways", "unknown direction"), ("val_f1", "max", "not one of its metrics")],
)
def test_a_proposed_objective_is_checked(objective: str, direction: str, words: str) -> None:
    with pytest.raises(BadEvent, match=words):
        objective_of(replace(EVENT, objective=objective, direction=direction))


def test_directions_of_metrics_survive_the_wire() -> None:
    event = replace(EVENT, directions={"loss": "min"})
    assert decode_event(encode_event(event)) == event
    assert directions_of(event) == {"loss": "min"}


@pytest.mark.parametrize(
    ("directions", "words"),
    [
        ({"val_f1": "max"}, "a direction of an unknown metric"),
        ({"loss": "up"}, "an invalid"),
        ({"loss": []}, "an invalid"),
    ],
)
def test_directions_of_metrics_are_checked(directions: Any, words: str) -> None:
    with pytest.raises(BadEvent, match=words):
        directions_of(replace(EVENT, directions=directions))


SCRIPT = ScriptSettings(
    {"max_trials": 5, "tuner": "grid"},
    {"space": [], "values": {}},
    [ScriptArgument(3, "max_trials=5", "form", "", "max_trials")],
)


def test_the_settings_of_a_script_survive_the_wire() -> None:
    event = replace(EVENT, script=SCRIPT)
    assert decode_event(encode_event(event)) == event
    assert script_of(event) == SCRIPT
    assert ScriptSettings.of_json(asdict(SCRIPT)) == SCRIPT
    assert ScriptSettings.of_json({}) == ScriptSettings()


@pytest.mark.parametrize(
    "script",
    [
        {"fields": {"time_limit": 5}}, {"fields": {"max_trials": "5"}}, {"fields": {"seed": -1}},
        {"fields": {"max_trials": 2**31}}, {"fields": {"tuner": "g" * 201}},
        {"fields": {"max_trials": True}},
        {"arguments": [ScriptArgument(1, "x", "magic")]},
        {"arguments": [ScriptArgument(1, "x" * 201, "form")]},
        {"arguments": [ScriptArgument(1, "x", "form", "n" * 501)]},
        {"arguments": [ScriptArgument(1, "x", "form", field="password")]},
        {"arguments": [ScriptArgument(1, "x", "form")] * 101},
    ],
)  # fmt: skip
def test_the_settings_of_a_script_are_checked(script: dict[str, Any]) -> None:
    with pytest.raises(BadEvent):
        script_of(replace(EVENT, script=ScriptSettings(**script)))


def test_a_scripts_space_is_checked() -> None:
    """Unsound entries are left out, as of any space."""
    space = {"space": [{"class_name": "Evil"}, {"class_name": "Boolean", "config": {"name": "b"}}]}
    found = script_of(replace(EVENT, script=ScriptSettings(space=space))).space["space"]
    assert [entry["config"]["name"] for entry in found] == ["b"]
