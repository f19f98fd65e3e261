"""What runners report in lines of JSON, and what the supervisor accepts."""

from dataclasses import replace

import pytest

from tuning.protocol.events import (
    LARGEST,
    BadEvent,
    Built,
    EpochEnd,
    Event,
    MeanReconstruction,
    TrialEnd,
    decode_event,
    encode_event,
)


@pytest.mark.parametrize("value", [1e10, -1e10, LARGEST])
def test_errors_of_large_numbers_are_numbers(value: float) -> None:
    """The mean squared error of house prices, say."""
    for event in (
        TrialEnd({"val_loss": value}, 0, [value, value]), MeanReconstruction(abs(value), 1e5)
    ):  # fmt: skip
        assert decode_event(encode_event(event)) == event


@pytest.mark.parametrize(
    "event",
    [
        TrialEnd({}, 0, [2 * LARGEST]),
        TrialEnd({}, 0, [float("nan")]),
        MeanReconstruction(2 * LARGEST, 1.0),
        EpochEnd(0, 1, 2.0**33, {}),
        replace(Built(1), parameters=-1),
    ],
)
def test_what_no_column_holds_is_refused(event: Event) -> None:
    with pytest.raises(BadEvent, match="does not hold"):
        decode_event(encode_event(event))
