"""What the trials of one reason share, and their table."""

from typing import Any

from tests.conftest import SPACE
from tuning.analysis.failed_values import MAX_ROWS, shared_values, trial_table, values_in_use
from tuning.spaces.hyperparameters import read_space

READ = read_space(SPACE)


def trial(units: int, optimizer: str = "sgd", **more: Any) -> dict[str, Any]:
    return {"units": units, "optimizer": optimizer, "learning_rate": 0.01, **more}


def test_values_that_all_share_are_counted_elsewhere_too() -> None:
    failed = [trial(8, momentum=0.5, kind="bad"), trial(16, momentum=0.5, kind="bad")]
    completed = [trial(8, momentum=0.5, kind="good"), trial(8, "adam", momentum=0.5, kind="good")]
    found = [
        (s.name, s.value, s.others, s.completed) for s in shared_values(READ, failed, completed)
    ]
    # Momentum is in use with sgd only; the learning rate is that of all trials.
    assert found == [("kind", "bad", 0, 2), ("optimizer", "sgd", 1, 2), ("momentum", 0.5, 1, 2)]


def test_one_trial_shares_nothing() -> None:
    assert shared_values(READ, [trial(8)], [trial(16)]) == ()


def test_where_nothing_completed_all_that_is_shared_is_told() -> None:
    names = [s.name for s in shared_values(READ, [trial(8), trial(16)], [])]
    assert names == ["optimizer", "learning_rate"]


def test_a_table_has_the_values_in_use() -> None:
    adam = trial(8, "adam", momentum=0.9)
    assert values_in_use(READ, adam) == {"units": 8, "optimizer": "adam", "learning_rate": 0.01}
    table = trial_table(READ, [(1, 5, adam), (2, 7, trial(16, momentum=0.5))] * MAX_ROWS)
    assert table.names == ("units", "optimizer", "learning_rate", "momentum")
    assert table.rows[:2] == ((1, 5, (8, "adam", 0.01, None)), (2, 7, (16, "sgd", 0.01, 0.5)))
    assert (len(table.rows), table.more) == (MAX_ROWS, MAX_ROWS)
