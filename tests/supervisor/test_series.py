"""What a runner says of the windows of a time series is checked before pages reckon with it."""

from typing import Any

import pytest

from tuning.protocol.events import BadEvent
from tuning.supervisor.assignments.preparation import facts_of

WINDOWS: dict[str, Any] = {
    "time": "when", "targets": ["load"], "known": [], "look_back": 3, "horizon": 1, "stride": 1,
    "rows": 10, "season": 24, "dated": True,
    "sample": {"first": "Monday", "last": "Friday", "values": [[1.0, 2, 3, 4.5]]},
}  # fmt: skip
PROFILE = {"kind": "sequence", "task": "regression", "rows": 7, "input_shape": [3, 2]}


def changed_sample(**changes: Any) -> dict[str, Any]:
    return {"sample": {**WINDOWS["sample"], **changes}}


def test_a_whole_profile_is_taken() -> None:
    facts = facts_of({**PROFILE, "windows": WINDOWS})
    assert facts == {"kind": "sequence", "task": "regression"}


@pytest.mark.parametrize(
    "changes",
    [
        {"look_back": 0}, {"horizon": "1"}, {"stride": True}, {"rows": 11}, {"season": None},
        {"time": 3}, {"known": "all"}, {"known": [None]}, {"targets": []}, {"sample": None},
        changed_sample(first=1), changed_sample(values=[[1.0, 2, 3]]), changed_sample(values=3),
        changed_sample(values=[[1.0, 2, 3, float("nan")]]),
        changed_sample(values=[[1.0, 2, 3, "<b>"]]),
    ],
)  # fmt: skip
def test_windows_that_pages_could_not_show_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadEvent):
        facts_of({**PROFILE, "windows": {**WINDOWS, **changes}})
    with pytest.raises(BadEvent):
        facts_of({**PROFILE, "windows": "many"})
