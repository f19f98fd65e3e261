"""Which rows of the project the names of a script's data stand for."""

import ast

import pytest

from tuning.runner.template.script_data import Rows, ScriptData


@pytest.mark.parametrize(
    "code",
    ["x_val = x[8000:]", "x_train, x_val = x[:8000], x[8000:]", "x_val = x[places]"],
)
def test_later_rows_are_validation_rows_however_they_are_divided(code: str) -> None:
    data = ScriptData()
    data.names["x"] = Rows("x")
    found = data.learn(ast.parse(code).body[0], of_data=True)
    assert found["x_val"] == Rows("x", "validation")
