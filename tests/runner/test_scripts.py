"""Scripts as tutorials, notebooks and blogs have them: read, searched, retrained, unmodified."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tuning.runner.template.script_data import Rows, by_name, says_what
from tuning.runner.template.scripts import read_script

from .warm import python

SCRIPTS = Path(__file__).parent / "scripts"
CHECK = Path(__file__).parent / "check_scripts.py"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))


@pytest.fixture(scope="session")
def results(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("scripts")
    environment = {"PATH": "", "HOME": str(home), "https_proxy": "http://127.0.0.1:9"}
    done = python(str(CHECK), str(datasets), str(SCRIPTS), env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", NAMES)
def test_scripts_work_unmodified(results: dict[str, Any], name: str) -> None:
    result = results[name]
    assert result.keys() == {"inspected", "trial", "retrained"}, result
    assert not [event for event in result.values() if "message" in event], result
    of_trial, of_model = {
        "keras": ({"loss", "val_loss"}, "loss"),
        "custom": ({"val_loss"}, "loss"),
        "sklearn": ({"score"}, "accuracy"),
    }[result["inspected"]["kind"]]
    assert result["trial"]["metrics"].keys() >= of_trial
    assert of_model in result["retrained"]["metrics"]
    noted = re.search("# note: (.*)", (SCRIPTS / f"{name}.py").read_text())
    if noted:
        assert noted[1] in result["inspected"]["note"]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("x_train", Rows("x")), ("X_train", Rows("x")), ("trainX", Rows("x")),
        ("xtrain", Rows("x")), ("train_images", Rows("x")), ("X", Rows("x")),
        ("X_test_scaled", Rows("x", "validation")), ("testy", Rows("y", "validation")),
        ("y_val", Rows("y", "validation")), ("train_labels", Rows("y")), ("y_train_cat", Rows("y")),
        ("train_data", Rows("x")), ("x_shape", None), ("n_train", None), ("train", None),
        ("model", None), ("text", None), ("data", None), ("num_labels", None),
            ("train_text", Rows("x")), ("sentences", Rows("x")),
    ],
)  # fmt: skip
def test_names_of_data_are_known(name: str, rows: Rows | None) -> None:
    assert by_name(name) == rows


def test_texts_of_a_part_are_inputs_also_beside_another_table_column() -> None:
    """As tutorials have it: labels are made in the table before it is divided."""
    code = (
        'df = pd.read_csv("reviews.csv")\n'
        'df["label"] = (df["rating"] == "happy").astype(int)\n'
        "train_text, test_text, train_labels, test_labels = train_test_split(\n"
        '    df["review"].values, df["label"].values)\n'
        "layer.adapt(train_text)"
    )
    assert says_what("train_text")
    assert not says_what("text")
    script = read_script(
        "import pandas as pd\nlayer = 1\n" + code + "\n" + BODY.format("layer"), "t"
    )
    assert script.data == {"train_text": Rows("x")}


HEAD = "import keras_tuner as kt\nimport numpy as np\n"
BODY = "def build_model(hp):\n    return {}\nkt.RandomSearch(build_model).search()\n"


def read(statements: str, wanted: str) -> Any:
    return read_script(HEAD + statements + "\n" + BODY.format(wanted), "template.py")


def test_targets_made_one_hot_are_supplied_so() -> None:
    script = read(
        "(a, b), (c, d) = load_data()\nn = len(np.unique(b))\nb = np_utils.to_categorical(b)",
        "a, b, d",
    )
    assert script.data == {
        "a": Rows("x"), "b": Rows("y", one_hot=True), "d": Rows("y", "validation")
    }  # fmt: skip
    assert script.one_hot


def test_an_encoder_makes_targets_one_hot_and_inputs_not() -> None:
    encoders = "X = OneHotEncoder().fit_transform(read_csv('x'))\n"
    assert not read(encoders, "X").one_hot
    script = read(encoders + "y = OneHotEncoder().fit_transform(read_csv('y'))", "X, y")
    assert script.data == {"X": Rows("x"), "y": Rows("y", one_hot=True)}


def test_a_pair_of_data_is_made_as_it_stands() -> None:
    script = read("x_val, y_val = load_it()\nval_data = (x_val, y_val)", "val_data")
    later = {"part": "validation"}
    assert script.data == {"x_val": Rows("x", **later), "y_val": Rows("y", **later)}
    assert "val_data = (x_val, y_val)" in ast.unparse(script.tree)


def test_parts_of_train_test_split_are_told_apart_by_their_place() -> None:
    script = read(
        "X, y = load_it()\nA, B, C, D = train_test_split(X, y, test_size=0.2)", "A, B, C, D"
    )
    later = {"part": "validation"}
    assert script.data == {
        "A": Rows("x"), "B": Rows("x", **later), "C": Rows("y"), "D": Rows("y", **later)
    }  # fmt: skip


def test_what_changes_a_kept_object_is_kept() -> None:
    script = read(
        "x_train = load_it()\nnorm = Norm()\nnorm.adapt(x_train)\nbase = Base()\n"
        "base.trainable = False\nfor layer in base.layers:\n    layer.trainable = False\n"
        "other = Norm()\nother.adapt(x_train)",
        "norm, base",
    )
    kept = ast.unparse(script.tree)
    assert "norm.adapt(x_train)" in kept
    assert "base.trainable = False" in kept
    assert "layer.trainable = False" in kept
    assert "other" not in kept


CLASS = """
class Search(kt.RandomSearch):
    def run_trial(self, trial, *args, **kwargs):
        return super().run_trial(trial, *args, **kwargs)
"""


def test_a_tuner_class_and_what_it_is_made_of_are_kept() -> None:
    code = f"""{HEAD}{CLASS}
x_train, y_train = load_it()
lost = len(read_csv("x"))
DEPTH = 3
def build_model(hp): ...
oracle = kt.oracles.RandomSearchOracle()
tuner = Search(oracle, build_model, num_classes=100, depth=DEPTH, wide=x_train.shape[1], n=lost)
tuner.search(x_train)
"""
    script = read_script(code, "template.py")
    assert (script.tuner, script.builder) == ("Search", "build_model")
    assert script.construction
    assert "num_classes=fitting_the_project('num_classes'," in ast.unparse(script.construction)
    assert script.search
    assert ast.unparse(script.search) == "tuner.search(x_train)"
    kept = ast.unparse(script.tree)
    assert "DEPTH = 3" in kept
    assert "x_train = of_the_project('x', 'train', False)" in kept
    assert "lost" not in kept
    assert "Search(oracle" not in kept


@pytest.mark.parametrize(
    ("made", "tuner", "builder"),
    [
        ("kt.RandomSearch(build_model)", "", "build_model"),
        ("kt.Tuner(kt.oracles.GridSearchOracle(), build_model)", "", "build_model"),
        ("kt.RandomSearch(oracle, hypermodel=build_model)", "", "build_model"),
        ("Search(max_trials=3)", "Search", ""),
        ("Search(oracle, build_model)", "Search", "build_model"),
        ("kt.RandomSearch(lambda hp: build_model(hp))", "", "build_model"),
    ],
)
@pytest.mark.parametrize("place", ["{}.search()\n", "def main():\n    {}.search()\nmain()\n"])
def test_what_makes_the_tuner_is_found(place: str, made: str, tuner: str, builder: str) -> None:
    start = HEAD + CLASS + "def build_model(hp): ...\noracle = kt.oracles.RandomSearchOracle()\n"
    script = read_script(start + place.format(made), "template.py")
    assert (script.tuner, script.builder) == (tuner, builder)
    assert script.left_out


def test_commands_of_a_notebook_keep_the_line_numbers() -> None:
    script = read_script("!pip install x\n%matplotlib inline\nfiles = !ls\nx = 7 \\\n% 3\n", "t")
    assert script.commands == [1, 2, 3]
    with pytest.raises(SyntaxError) as caught:
        read_script("!pip install x\ndef f(:\n", "t")
    assert caught.value.lineno == 2
