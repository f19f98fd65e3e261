"""A runner may say anything, in any order: its work fails with a reason, the slot goes on."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tuning.actions.saved_models import retrain
from tuning.protocol.events import BadEvent, EpochEnd, TrialEnd, encode_event
from tuning.protocol.model_kinds import KINDS, ModelKind
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import Status
from tuning.recording import recorder
from tuning.supervisor.files import copy_into

from .fake_runner import FakeRunner, Step, good_trial

pytestmark = pytest.mark.django_db


def event(kind: str, **fields: Any) -> bytes:
    return json.dumps({"event": kind, **fields}).encode()


EPOCH = {"execution": 0, "epoch": 1, "seconds": 0.1, "metrics": {"val_accuracy": 0.5}}


def run(make_search: Any, make_slot: Any, *steps: Step) -> Any:
    """The first trial of a search, whose runner says `steps`."""
    search = make_search(max_trials=2)

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        if trial.trial_id == "baseline":
            for step in steps:
                yield signed(step, trial.token) if isinstance(step, bytes) else step
        else:
            yield from good_trial(order, trial)

    make_slot(script).run()
    assert search.trials.get(number=2).status == Status.COMPLETED, "the slot went on"
    return search.trials.get(number=1)


def signed(line: bytes, token: str) -> bytes:
    """The event with the token of its trial, if it is one at all."""
    try:
        return json.dumps({**json.loads(line), "trial": token}).encode()
    except (ValueError, TypeError, RecursionError):
        return line


@pytest.mark.parametrize(
    "line",
    [
        event("epoch", **{**EPOCH, "execution": 2**20}),
        event("epoch", **{**EPOCH, "epoch": 2**40}),
        event("epoch", **{**EPOCH, "epoch": -1}),
        event("epoch", **{**EPOCH, "metrics": {str(n): 1.0 for n in range(5000)}}),
        event("epoch", **{**EPOCH, "metrics": {"x" * 100_000: 1.0}}),
        event("epoch", **{**EPOCH, "metrics": {"loss": 10**400}}),
        event("epoch", **{**EPOCH, "seconds": 10**400}),
        event("epoch", **{**EPOCH, "seconds": 1e300}),
        event("epoch", **{**EPOCH, "x" * 100_000: 1}),
        event("trial_end", metrics={"val_accuracy": 0.5}, best_step=2**31),
        event("built", parameters=2**63),
        event("progress", text="x", fraction=[]),
        b"[" * 100_000,
        b"\xff\xfe",
        b"9" * 5000,
        b"",
    ],
    ids=range(16),
)
def test_an_impossible_event_fails_its_trial(line: bytes, make_search: Any, make_slot: Any) -> None:
    trial = run(make_search, make_slot, line)
    assert (trial.status, trial.failure_code) == (Status.FAILED, "bad_event")
    assert len(trial.failure_message) < 1000


@pytest.mark.parametrize("number", [1.7e308, -1e101])
def test_numbers_that_no_page_could_add_up_are_none(
    number: float, make_search: Any, make_slot: Any
) -> None:
    metrics = {"val_accuracy": 0.5, "loss": number}
    trial = run(
        make_search,
        make_slot,
        event("epoch", **{**EPOCH, "metrics": metrics}),
        event("epoch", **{**EPOCH, "execution": 1, "metrics": metrics}),
        event("trial_end", metrics=metrics, best_step=0),
    )
    assert trial.status == Status.COMPLETED
    assert trial.metrics == {"val_accuracy": 0.5, "loss": None}
    assert trial.last_metrics == {"val_accuracy": 0.5}


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_what_no_database_stores_is_left_out(text: str, make_search: Any, make_slot: Any) -> None:
    metrics = {"val_accuracy": 0.5, text: 0.1}
    trial = run(
        make_search,
        make_slot,
        event("built", parameters=1, summary=text),
        event("epoch", **{**EPOCH, "metrics": metrics}),
        event("trial_end", metrics=metrics, best_step=0),
    )
    assert trial.status == Status.COMPLETED
    assert trial.layers in ("ab", "a?b")
    trial = run(make_search, make_slot, event("failed", code="x", message=text, traceback=text))
    assert trial.failure_message in ("ab", "a?b")


LEFTOVERS: dict[str, list[Step]] = {
    "an end": [TrialEnd({"val_accuracy": 1.0}, 0)],
    "an end without a token": [event("trial_end", metrics={"val_accuracy": 1.0}, best_step=0)],
    "a guessed token": [
        event("trial_end", metrics={"val_accuracy": 1.0}, best_step=0, trial="0" * 16)
    ],
    "a failure": [event("failed", code="code_error", message="no", trial="")],
    "epochs": [EpochEnd(0, n, 0.1, {"val_accuracy": 1.0}) for n in range(1, 100)],
}


@pytest.mark.parametrize("what", LEFTOVERS)
@pytest.mark.parametrize("late", [False, True], ids=["before the order", "after it"])
def test_what_a_trial_leaves_says_nothing_of_the_next(
    what: str, late: bool, make_search: Any, make_slot: Any
) -> None:
    search = make_search(max_trials=2)
    old = ""

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        nonlocal old
        first = trial.trial_id == "baseline"
        old = trial.token if first else old
        if late and not first:
            for step in LEFTOVERS[what]:
                yield encode_event(replace(step, trial=old)) if is_dataclass(step) else step
        yield from good_trial(order, trial)
        if first and not late:
            yield from LEFTOVERS[what]

    slot = make_slot(script)
    slot.run()
    first, second = search.trials.order_by("number")
    assert (first.status, second.status) == (Status.COMPLETED, Status.COMPLETED)
    assert second.score < 1
    assert second.epochs.count() == search.epochs
    assert len(slot.started) == 1


def test_leftovers_do_not_keep_a_silent_trial_alive(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_trials=1, stall_limit=0)
    stray = event("epoch", **EPOCH, trial="f" * 16)
    make_slot(lambda *_: iter([stray] * 5_000)).run()
    assert search.trials.get().failure_code == "stall_limit"


def test_a_flood_of_epochs_ends(make_search: Any, make_slot: Any) -> None:
    """Far beyond what was ordered: a fit of the template's own may take a few turns."""
    epochs = [EpochEnd(0, n, 0.1, {"val_accuracy": 0.5}) for n in range(1, 2_000)]
    trial = run(make_search, make_slot, *epochs)
    assert (trial.status, trial.failure_code) == (Status.FAILED, "bad_event")
    assert trial.failure_message == "The runner reported more than 1,030 epochs."
    assert trial.epochs.count() <= 1_030


def test_a_flood_of_epochs_ends_a_retraining(
    make_search: Any, make_slot: Any, alice: Any, monkeypatch: Any
) -> None:
    search = make_search(max_trials=1)
    make_slot().run()
    saved = retrain(alice, search.trials.get())
    flood = (EpochEnd(0, n, 0.1, {"loss": 0.5}) for n in range(1, 10_000))
    few = replace(KINDS[ModelKind.KERAS], max_more_units=10)
    monkeypatch.setitem(KINDS, ModelKind.KERAS, few)
    monkeypatch.setattr(FakeRunner, "_retrain", lambda *_: flood)
    make_slot().run()
    saved.refresh_from_db()
    assert (saved.status, saved.failure_code) == (Status.FAILED, "bad_event")


def test_a_runner_beyond_a_limit_is_ended_before_anything_is_written(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    """What it does may keep the machine too busy to write."""
    make_search(max_trials=1)
    write, ended = recorder.fail_trial, []

    def fail_trial(*args: Any) -> None:
        ended.append(slot.started[-1].ended)
        write(*args)

    monkeypatch.setattr(recorder, "fail_trial", fail_trial)
    slot = make_slot(used_processes=100_000)
    slot.run()
    assert ended == [True]


def lay(kind: str, path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    match kind:
        case "link":
            path.symlink_to(target)
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "nothing"])
def test_only_a_plain_file_becomes_a_saved_model(
    kind: str, make_search: Any, make_slot: Any, alice: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    search = make_search(max_trials=1)
    make_slot().run()
    saved = retrain(alice, search.trials.get())
    secret = tmp_path / "secret"
    secret.write_text("somebody else's")
    monkeypatch.setattr(
        FakeRunner, "_write", lambda runner, name, _: lay(kind, runner.folder / name, secret)
    )
    make_slot().run()
    saved.refresh_from_db()
    assert (saved.status, saved.failure_code) == (Status.FAILED, "bad_event")
    assert saved.file == ""


@pytest.mark.parametrize("which", ["kt", "kt/search", "kt/search/trial_0000"])
def test_a_checkpoint_is_not_taken_through_a_link(
    which: str, make_search: Any, make_slot: Any, tmp_path: Path, settings: Any
) -> None:
    search = make_search(tuner="hyperband", epochs=3)
    elsewhere = tmp_path / which
    (elsewhere / "search" / "trial_0000").mkdir(parents=True)
    (elsewhere / "trial_0000").mkdir()
    for path in [elsewhere, *elsewhere.rglob("*")]:
        if path.is_dir():
            (path / "secret").write_text("somebody else's")

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        if trial.trial_id == "0000":
            path = slot.started[-1].folder / which
            shutil.rmtree(path)
            path.symlink_to(elsewhere)
        yield from good_trial(order, trial)

    slot = make_slot(script)
    slot.run()
    trial = search.trials.get(oracle_id="0000")
    assert (trial.status, trial.failure_code) == (Status.FAILED, "bad_event")
    assert not [p for p in settings.CHECKPOINTS_ROOT.rglob("secret") if str(search.pk) in p.parts]
    search.refresh_from_db()
    assert search.status == "completed"


def test_a_checkpoint_is_not_laid_out_through_a_link(tmp_path: Path) -> None:
    source, root, elsewhere = tmp_path / "source", tmp_path / "root", tmp_path / "elsewhere"
    for folder in (source, root / "kt", elsewhere):
        folder.mkdir(parents=True)
    (source / "weights").write_text("w")
    (root / "kt" / "search").symlink_to(elsewhere)
    with pytest.raises(BadEvent):
        copy_into(source, root, "kt", "search", "trial_1")
    (root / "kt" / "search").unlink()
    (elsewhere / "file").write_text("mine")
    (root / "kt" / "search" / "trial_1").mkdir(parents=True)
    (root / "kt" / "search" / "trial_1" / "weights").symlink_to(elsewhere / "file")
    copy_into(source, root, "kt", "search", "trial_1")
    assert (elsewhere / "file").read_text() == "mine"
    assert (root / "kt" / "search" / "trial_1" / "weights").read_text() == "w"
