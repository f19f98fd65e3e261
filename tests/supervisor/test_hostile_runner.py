"""A runner may say anything, in any order: its work fails with a reason, the slot goes on."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import Status

from .fake_runner import Step, good_trial

pytestmark = pytest.mark.django_db


def event(kind: str, **fields: Any) -> bytes:
    return json.dumps({"event": kind, **fields}).encode()


EPOCH = {"execution": 0, "epoch": 1, "seconds": 0.1, "metrics": {"val_accuracy": 0.5}}


def run(make_search: Any, make_slot: Any, *steps: Step) -> Any:
    """The baseline trial, whose runner says `steps` and then trains as usual."""
    search = make_search(max_trials=2)

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        if trial.trial_id == "baseline":
            yield from steps
        yield from good_trial(order, trial)

    make_slot(script).run()
    assert search.trials.get(number=2).status == Status.COMPLETED, "the slot went on"
    return search.trials.get(number=1)


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
        event("epoch", **{**EPOCH, "x" * 100_000: 1}),
        event("trial_end", metrics={"val_accuracy": 0.5}, best_step=2**31),
        event("built", parameters=2**63),
        event("progress", text="x", fraction=[]),
        b"[" * 100_000,
        b"\xff\xfe",
        b"9" * 5000,
        b"",
    ],
    ids=range(15),
)
def test_an_impossible_event_fails_its_trial(line: bytes, make_search: Any, make_slot: Any) -> None:
    trial = run(make_search, make_slot, line)
    assert (trial.status, trial.failure_code) == (Status.FAILED, "bad_event")
    assert len(trial.failure_message) < 1000


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
