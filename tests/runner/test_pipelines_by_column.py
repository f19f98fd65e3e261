"""Pipelines that select columns of a table: by name, by type, by place, in functions of the script.
They get a DataFrame in trials and retraining, and the downloaded file takes one."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning.analysis.snippets import predict_snippet
from tuning.models import Dataset, Project, SavedModel, Search, Trial
from tuning.protocol.events import Failed, Inspected, Retrained, TrialEnd
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import InspectOrder, RetrainOrder
from tuning.runner.inputs.data import load_dataset
from tuning.runner.inputs.frames import frame_rows

from .cases import CASES, prepared_case
from .check_templates import Recorder
from .harness import Runner, TrialRunner, project, search_order
from .tables import write_table

pytestmark = pytest.mark.tensorflow

SCRIPT = (CASES / "columns_pipeline.py").read_text()
IMPORTS = """
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
numbers = make_pipeline(SimpleImputer(), StandardScaler())
one_hot = OneHotEncoder(handle_unknown="ignore")
texts = make_pipeline(SimpleImputer(strategy="most_frequent"), one_hot)
"""


def returning(expression: str, before: str = "") -> str:
    return f"{IMPORTS}{before}\ndef build_model(hp):\n    return {expression}\n"


CLASSIFIER = "LogisticRegression(max_iter=500)"
BY_TYPE = (
    "make_pipeline(make_column_transformer("
    "(numbers, make_column_selector(dtype_include=np.number)),"
    f" (texts, make_column_selector(dtype_include=object))), {CLASSIFIER})"
)
FUNCTION = """
def family(df):
    return pd.DataFrame({"size": df["SibSp"] + df["Parch"], "fare": df["Fare"].fillna(0)})
"""
CLASS = """
class Chosen(BaseEstimator, TransformerMixin):
    def __init__(self, column="Fare"):
        self.column = column
    def fit(self, X, y=None):
        return self
    def transform(self, X):
        return X[[self.column]].fillna(0)
"""
BY_NAME = f"make_pipeline(make_column_transformer((numbers, ['Age', 'Fare'])), {CLASSIFIER})"


@pytest.fixture(scope="module")
def ship(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared_case("ship.csv", "Survived", tmp_path_factory.mktemp("ship") / "case")


@pytest.fixture
def inspected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that reads a template in this process; returns its last event."""
    from tuning.runner.failures import failure_of
    from tuning.runner.inspection import inspect_template

    monkeypatch.chdir(tmp_path)

    def read(code: str, dataset: Path) -> Any:
        recorder = Recorder()
        try:
            inspect_template(InspectOrder(project(code, dataset)), recorder)  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001  as the runner does
            return failure_of(error)
        return recorder.events[-1]

    return read


def test_a_frame_has_the_columns_as_pandas_reads_them(ship: Path) -> None:
    frame, _ = frame_rows(load_dataset(project("", ship)), "train")
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "Pclass": "int64", "Sex": "object", "Age": "float64", "SibSp": "int64", "Parch": "int64",
        "Fare": "float64", "Embarked": "object",
    }  # fmt: skip
    assert set(frame["Sex"]) == {"female", "male"}
    missing = pd.read_csv(CASES / "ship.csv").isna().any()
    assert set(frame.columns[frame.isna().any()]) <= set(missing.index[missing])
    assert all(isinstance(cell, str) or np.isnan(cell) for cell in frame["Embarked"])


def test_the_script_is_searched_retrained_and_downloaded(ship: Path, tmp_path: Path) -> None:
    wanted = project(SCRIPT, ship)
    with Runner(tmp_path / "inspection") as runner:
        found = runner.result(InspectOrder(wanted), Inspected)
    assert isinstance(found, Inspected), found
    assert found.samples.failed == 0
    values = {"kernel": "rbf", "C": 1.0}
    settings: dict[str, Any] = {"objective": "score", "kind": ModelKind.SKLEARN, "folds": 3}
    with TrialRunner(tmp_path / "search") as runner:
        runner.begin(search_order(wanted, found.space, **settings))
        end = runner.trial("0", values)[-1]
    assert isinstance(end, TrialEnd), end
    order = RetrainOrder(wanted, found.space, values, 1, 32, 1, kind=ModelKind.SKLEARN)
    with Runner(tmp_path / "work") as runner:
        result = runner.result(order, Retrained)
    assert isinstance(result, Retrained), result
    assert result.summary.startswith("Pipeline(")
    # As a person would, with their own file: what the page offers as predict.py.
    profile = load_dataset(wanted).facts
    dataset = Dataset(key="d", name="Ship", task="classification", profile=profile)
    trial = Trial(search=Search(project=Project(dataset=dataset), model_kind=ModelKind.SKLEARN))
    saved = SavedModel(project=Project(dataset=dataset), trial=trial)
    saved.trusted_types = result.trusted_types
    shutil.copy(CASES / "ship.csv", tmp_path)
    shutil.copy(tmp_path / "work" / "model.skops", tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", predict_snippet(saved, "model.skops")],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "predicted: ['" in done.stdout


BY_LISTS = f"make_pipeline(make_column_transformer((numbers, nums), (texts, cats)), {CLASSIFIER})"
READ = "df = pd.read_csv('ship.csv')\ndf = df.drop(columns=['PassengerId', 'Name', 'Ticket'])\n"
XY = READ + "X = df.drop('Survived', axis=1)\ny = df['Survived']\n"
# How scripts find the columns of each type.
LISTS = {
    "select_dtypes": XY
    + """
nums = X.select_dtypes(include=np.number).columns.tolist()
cats = X.select_dtypes(include='object').columns
""",
    "of the whole table": READ
    + """
nums = df.select_dtypes(exclude='object').columns.drop('Survived')
cats = [c for c in df.columns if df[c].dtype == 'object']
""",
    "after a split": XY
    + """
X_train, X_test, y_train, y_test = train_test_split(X, y)
nums = [c for c in X_train.columns if X_train[c].dtype in ('int64', 'float64')]
cats = list(set(X_train.columns) - set(nums))
""",
    "few values": XY
    + """
cats = [c for c in X.columns if X[c].nunique() < 10 and X[c].dtype == object]
nums = [c for c in X.columns if c not in cats]
""",
}


@pytest.mark.parametrize(
    "code",
    [
        *(returning(BY_LISTS, lists) for lists in LISTS.values()),
        returning(BY_TYPE),
        returning(f"VotingClassifier([('a', {BY_TYPE}), ('b', {BY_NAME})])"),
        returning(f"GridSearchCV({BY_NAME}, {{'logisticregression__C': [0.1, 1.0]}}, cv=2)"),
        returning(f"make_pipeline(FunctionTransformer(family), {CLASSIFIER})", FUNCTION),
        returning(f"make_pipeline(Chosen(), {CLASSIFIER})", CLASS),
        returning(BY_TYPE.replace("np.number", "['int64', 'float64']")),
        returning("make_pipeline(make_column_transformer(('passthrough', [0, 3])), "
                  "HistGradientBoostingClassifier(max_iter=3))"),
    ],
    ids=[
        *LISTS, "by type", "voting", "grid search", "a function", "a class", "by types", "by place",
    ],
)  # fmt: skip
def test_what_selects_columns_gets_a_frame(code: str, ship: Path, inspected: Any) -> None:
    found = inspected(code, ship)
    assert isinstance(found, Inspected), found
    # What lies in the script itself is in no file that is safe to load.
    assert ("cannot be downloaded as they are" in found.note) == (
        "def fa" in code or "class " in code
    )


@pytest.mark.filterwarnings("ignore:The `probability` parameter:FutureWarning")
def test_numbers_may_be_categories(tmp_path: Path, inspected: Any) -> None:
    folder = prepared_case("ship.csv", "Survived", tmp_path / "case", Pclass="category")
    frame, _ = frame_rows(load_dataset(project("", folder)), "train")
    assert set(frame["Pclass"]) == {"1", "2", "3"}
    assert isinstance(inspected(SCRIPT, folder), Inspected)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (returning(BY_NAME.replace("Fare", "Cabin")), "“Cabin”, which the dataset was prepared"),
        (returning(BY_NAME.replace("Fare", "Title")), "“Title”, which the dataset does not have"),
        (returning(BY_NAME.replace("Fare", "Survived")), "“Survived”, which is the dataset's targ"),
        (returning(f"make_pipeline(FunctionTransformer(family), {CLASSIFIER})",
                   FUNCTION.replace("Parch", "Cabin")), "“Cabin”, which the dataset was prepared"),
    ],
)  # fmt: skip
def test_a_column_that_is_not_there_is_named(
    code: str, text: str, ship: Path, inspected: Any
) -> None:
    found = inspected(code, ship)
    assert isinstance(found, Failed), found
    assert text in found.message


def test_arrays_have_no_names(tmp_path: Path, inspected: Any) -> None:
    folder = write_table(tmp_path / "arrays", np.eye(60, 9, dtype=np.float32), "classification")
    facts = json.loads((folder / "meta.json").read_text())
    del facts["columns"]
    (folder / "meta.json").write_text(json.dumps(facts))
    found = inspected(returning(BY_NAME), folder)
    assert isinstance(found, Failed), found
    assert "this dataset has no named columns" in found.message


def test_other_estimators_get_numbers(ship: Path, inspected: Any) -> None:
    log = "make_pipeline(FunctionTransformer(np.tanh), LogisticRegression(max_iter=500))"
    assert isinstance(inspected(returning(log), ship), Inspected)
