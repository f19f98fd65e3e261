"""Where a script's objective function is found."""

import ast

import pytest

from tuning.runner.template.scripts import read_script

METHOD = """
import optuna
from sklearn.datasets import load_wine
from sklearn.neighbors import KNeighborsClassifier


class Experiment:
    def __init__(self, most=9):
        self.most = most

    def run(self, trial):
        X, y = load_wine(return_X_y=True)
        return KNeighborsClassifier(trial.suggest_int("k", 1, self.most)).fit(X, y).score(X, y)

    def tune(self, n_trials=9):
        study = optuna.create_study(direction="maximize")
        study.optimize(self.run, n_trials=n_trials)
        return study


"""


@pytest.mark.parametrize(
    ("used", "made"),
    [
        ("Experiment(5).tune()", "Experiment(5).run"),
        ("experiment = Experiment(most=3)\nexperiment.tune()", "Experiment(most=3).run"),
        ('if __name__ == "__main__":\n    Experiment().tune()', "Experiment().run"),
        ("", "object.__new__(Experiment).run"),
    ],
)
def test_a_method_that_its_own_object_optimizes(used: str, made: str) -> None:
    script = read_script(METHOD + used, "<template>")
    assert script.builder == "run"
    assert not script.missing
    assert ast.unparse(script.tree).endswith(f"{script.entry} = {made}")
