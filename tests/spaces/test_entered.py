"""Values that a person enters for a trial."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import SPACE
from tuning.spaces.edits import Refused
from tuning.spaces.entered import configuration
from tuning.spaces.hyperparameters import default_values

from .samples import spaces, trials_of


def test_what_is_left_out_is_the_default() -> None:
    assert configuration(SPACE, {}) == default_values(SPACE)
    entered = {"optimizer": "sgd", "learning_rate": 0.01}
    expected = {"units": 16, "optimizer": "sgd", "momentum": 0.5, "learning_rate": 0.01}
    assert configuration(SPACE, entered) == expected


def test_rounding_is_the_space_s() -> None:
    values = configuration(SPACE, {"optimizer": "sgd", "momentum": 0.3})
    assert values["momentum"] == 0.30000000000000004


@pytest.mark.parametrize(
    ("entered", "words"),
    [
        ({"units": 17}, "units takes 8 to 64 in steps of 8; it cannot be 17."),
        ({"units": "many"}, "units takes 8 to 64 in steps of 8; it cannot be many."),
        ({"optimizer": "lion"}, "optimizer takes adam, sgd; it cannot be lion."),
        ({"momentum": 0.5}, "momentum is only used if optimizer is sgd."),
        ({"depth": 3}, "The search space has no hyperparameter depth."),
        ({"units": None}, "units takes 8 to 64 in steps of 8; it cannot be"),
        ({"units": True}, "units takes 8 to 64 in steps of 8; it cannot be"),
        ({"units": [16]}, "units takes 8 to 64 in steps of 8; it cannot be"),
    ],
)
def test_what_the_space_does_not_hold_is_refused(entered: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused) as refused:
        configuration(SPACE, entered)
    assert refused.value.sentence.startswith(words)


@given(space=spaces(), data=st.data())
def test_every_configuration_can_be_entered(space: dict[str, Any], data: st.DataObject) -> None:
    values = data.draw(trials_of(space))[0]
    assert configuration(space, values) == values
