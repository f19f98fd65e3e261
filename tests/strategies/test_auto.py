"""What the automatic strategy chooses."""

from typing import Any

from tests.conftest import SPACE
from tuning.spaces.edits import Values, edited
from tuning.strategies.auto import choose
from tuning.strategies.traits import Name


def continuous(count: int) -> dict[str, Any]:
    config = {"default": 0.5, "conditions": [], "min_value": 0.0, "max_value": 1.0,
              "step": None, "sampling": "linear"}  # fmt: skip
    entries = [{"class_name": "Float", "config": {"name": f"x{i}", **config}} for i in range(count)]
    return {"space": entries, "values": {}}


def test_it_starts_evenly_and_goes_on_with_tpe() -> None:
    choice = choose(SPACE, 50, parallel=3)
    assert (choice.first, choice.starts, choice.then) == (Name.SOBOL, 10, Name.TPE)
    assert choice.sentence == (
        "Sobol sequence for 10 trials, then TPE, which learns from every trial, handles "
        "conditional hyperparameters and keeps 3 parallel trials apart."
    )
    assert choose(SPACE, 5).starts == 4


def test_large_budgets_of_continuous_spaces_go_to_cma_es() -> None:
    assert choose(continuous(3), 1000).then == Name.CMAES
    assert choose(continuous(3), 100).then == Name.TPE
    assert choose(continuous(1), 1000).then == Name.TPE
    assert choose(SPACE, 1000).then == Name.TPE, "it has a choice"


def test_a_small_space_is_tried_as_a_whole() -> None:
    space = edited(SPACE, {0: Values((8, 16)), 1: Values(("adam",)), 3: Values((0.001, 0.01))})
    choice = choose(space, 20)
    assert choice.then == Name.TPE
    assert "of all 4 configurations first" in choice.sentence
