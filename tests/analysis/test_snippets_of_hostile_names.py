"""Whatever a thing is called, code that mentions it has the statements that it always has."""

import ast
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile_names import HIDDEN, ODD
from tuning.analysis.exports import file_name, trials_stem
from tuning.analysis.literals import python_literal
from tuning.analysis.snippets import keras_tuner_lines, predict_snippet, python_dict
from tuning.analysis.tensorboard.log_folder import file_name as log_name
from tuning.analysis.trials.exports.snippet import pandas_snippet, script_snippet
from tuning.analysis.trials.scope import Scope, search_scope
from tuning.models import Dataset, HyperModel, Project, SavedModel, Search, Team, Trial
from tuning.protocol.names import is_one_line

TEXTS = st.one_of(st.sampled_from(HIDDEN + ODD), st.text(st.characters(), max_size=30))
# Names in a profile reach it through a runner; those of rows that are older than the rule as well.
PROFILES: list[Any] = [
    lambda name: {"load_snippet": "x, y = [[1]], [0]", "class_names": [name, "b"]},
    lambda _: {"input_shape": [8], "num_classes": 2},
    lambda name: {"class_names": ["a", name]},
    lambda name: {"columns": [{"name": name, "type": "number"}], "class_names": [name]},
    lambda name: {"columns": [{"name": name, "type": "number"}], "load_snippet": "x = 1"},
]


def statements(code: str) -> str:
    """The code's structure, without what its texts say."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


def prediction(name: str, profile: Any, task: str, model_kind: str) -> str:
    team = Team(name=name)
    dataset = Dataset(key="d", name=name, team=team, kind="image", task=task, profile=profile(name))
    hypermodel = HyperModel(key="h", name=name, team=team)
    project = Project(name=name, team=team, dataset=dataset, hypermodel=hypermodel)
    trial = Trial(number=1, search=Search(name=name, project=project, model_kind=model_kind))
    saved = SavedModel(project=project, trial=trial, trusted_types=[name])
    return predict_snippet(saved, f"{name}.keras")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("model_kind", ["keras", "sklearn"])
def test_a_prediction(profile: Any, task: str, model_kind: str) -> None:
    plain = statements(prediction("rents", profile, task, model_kind))

    @given(TEXTS)
    def same(name: str) -> None:
        code = prediction(name, profile, task, model_kind)
        assert statements(code) == plain
        assert all(map(is_one_line, code.split("\n"))), "nothing is hidden"

    same()


@given(TEXTS)
def test_hyperparameters(name: str) -> None:
    for snippet in (python_dict, keras_tuner_lines):
        assert statements(snippet({name: name})) == statements(snippet({"units": "a"}))


@given(TEXTS)
def test_a_literal_gives_the_text_back(text: str) -> None:
    assert ast.literal_eval(python_literal(text)) == text
    assert python_literal(text).isprintable()
    assert ast.literal_eval(python_literal([text])) == [text]


@given(TEXTS)
def test_reading_an_export(name: str) -> None:
    def scope(name: str) -> Scope:
        team = Team(pk=1)
        rows = {cls: cls(key="k", name=name, team=team) for cls in (Dataset, HyperModel)}
        project = Project(dataset=rows[Dataset], hypermodel=rows[HyperModel])
        return search_scope(Search(number=1, project=project))

    assert statements(pandas_snippet(scope(name))) == statements(pandas_snippet(scope("a")))
    assert statements(script_snippet(name)) == statements(script_snippet("https://a/"))


@pytest.mark.parametrize("name", ["Zürich 中文", "naïve"])
def test_letters_of_any_script_stay_readable(name: str) -> None:
    assert name in python_literal(name)


@given(TEXTS)
def test_names_of_downloads(name: str) -> None:
    team = Team(pk=1)
    dataset = Dataset(key="d", name=name, team=team)
    project = Project(name=name, dataset=dataset, hypermodel=HyperModel(name=name, team=team))
    search = Search(number=3, name=name, project=project)
    saved = SavedModel(project=project, trial=Trial(number=1, search=search))
    for made in (file_name(saved), trials_stem(search_scope(search)), log_name(search)):
        assert re.fullmatch(r"[a-z0-9_.-]+", made), "nothing to quote, no folder to leave"
