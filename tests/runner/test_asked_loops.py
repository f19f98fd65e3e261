"""A loop that asks a study and tells it runs the same trials as an objective function."""

import ast
from typing import Any

import optuna
import pytest

from tuning.runner.template.asked_loops import without_loops

STUDY = """
import optuna
from optuna.trial import TrialState

study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
"""
PLAIN = """
for number in range(12):
    trial = study.ask()
    x = trial.suggest_float("x", 0, 1)
    study.tell(trial, x**2 + number)
"""
STATES = """
for _ in range(12):
    trial = study.ask()
    x = trial.suggest_float("x", 0, 1)
    if x < 0.3:
        study.tell(trial, None, TrialState.PRUNED)
        continue
    if x > 0.7:
        study.tell(trial.number, state=TrialState.FAIL)
        continue
    study.tell(trial=trial, values=x)
"""
REPORTS = """
for _ in list(range(12)):
    pass
for _ in range(12):
    trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
    for step in range(4):
        trial.report(trial.params["x"] + step, step)
        if trial.params["x"] > 0.5 and step == 2:
            study.tell(trial, values=None, state=TrialState.PRUNED)
            break
    else:
        study.tell(trial, trial.params["x"])
"""


def trials_of(tree: ast.Module) -> list[tuple[Any, ...]]:
    names: dict[str, Any] = {}
    exec(compile(ast.fix_missing_locations(tree), "script", "exec"), names)  # noqa: S102  our text
    return [
        (trial.state, trial.value, trial.params, trial.intermediate_values)
        for trial in names["study"].trials
    ]


@pytest.mark.parametrize("loop", [PLAIN, STATES, REPORTS])
def test_its_trials_are_those_of_the_loop(loop: str) -> None:
    asked = trials_of(ast.parse(STUDY + loop))
    body = without_loops(ast.parse(STUDY + loop).body)
    assert ".ask(" not in "\n".join(map(ast.unparse, body))
    # As Tuneroom does, a trial that fails does not end the search.
    code = "\n".join(map(ast.unparse, body)).replace("=12)", "=12, catch=(Exception,))")
    found = trials_of(ast.parse(code))
    assert [state for state, *_ in found] == [state for state, *_ in asked]
    assert [params for _, _, params, _ in found] == [params for _, _, params, _ in asked]
    assert [reported for *_, reported in found] == [reported for *_, reported in asked]
    complete = optuna.trial.TrialState.COMPLETE
    values = [[value for state, value, *_ in each if state == complete] for each in (found, asked)]
    assert values[0] == values[1]
    assert len(asked) == 12
