"""Models of texts, alone and beside numbers: templates that take them and that do not, downloaded
files that take strings, and vocabularies that know nothing of test rows."""

import json
import re
import shutil
import zipfile
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning.analysis.snippets import predict_snippet
from tuning.hypermodels import BUILTIN, source_of
from tuning.models import Dataset, Project, SavedModel, Search, Trial
from tuning.protocol.catalogue import BY_KEY
from tuning.protocol.events import TrialEnd
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import ProjectOrder, Split
from tuning.runner.datasets.generated import prepare_generated
from tuning.runner.inputs.data import load_dataset
from tuning.runner.template.script_data import Rows
from tuning.runner.template.stand_ins import stand_in
from tuning.splits import split_rows

from .cases import CASES, prepared_case
from .harness import SPLIT, TrialRunner, inspect_templates, project, retrain_templates, search_order
from .warm import python

SOURCES = {template.key: source_of(template) for template in BUILTIN}
SCRIPT = (CASES / "text_vectorization.py").read_text()
IMPORTS = """
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
"""


def returning(expression: str) -> str:
    return f"{IMPORTS}\ndef build_model(hp):\n    return {expression}\n"


TFIDF = returning("make_pipeline(TfidfVectorizer(), LogisticRegression())")
UNION = returning(
    "make_pipeline(FeatureUnion([('a', TfidfVectorizer()),"
    " ('b', CountVectorizer(analyzer='char'))]), LogisticRegression(max_iter=500))"
)
COLUMNS = returning(
    "make_pipeline(ColumnTransformer([('text', TfidfVectorizer(), 'review'),"
    " ('number', StandardScaler(), ['stars'])]), LogisticRegression())"
)
FOREST = returning("RandomForestClassifier(5)")
NAMED = """
import keras
def build_model(hp, text_columns, number_count):
    text = keras.Input((), dtype="string", name=text_columns[0])
    numbers = keras.Input((number_count,), name="numbers")
    vector = keras.layers.TextVectorization(100, output_mode="multi_hot")
    vector.adapt(["wonderful lovely great bad dull awful"])
    x = keras.layers.Concatenate()([vector(text), numbers])
    model = keras.Model([numbers, text], keras.layers.Dense(2, "softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""


HEAD = """
import pandas as pd, tensorflow as tf, keras_tuner as kt
from tensorflow import keras
from tensorflow.keras import layers
from sklearn.model_selection import train_test_split
df = pd.read_csv("reviews.csv").dropna()
"""
BUILDER = """
def build_model(hp):
    model = keras.Sequential([vectorizer, layers.Embedding(1000, hp.Choice("d", [4, 8])),
        layers.GlobalAveragePooling1D(), layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model
"""
MADE = "vectorizer = layers.TextVectorization(max_tokens=1000, output_sequence_length=20)\n"
SCRIPTS = {
    # A vocabulary of batches, of a column of a divided table, of lower-case texts.
    "batches": """
train_texts, val_texts, train_labels, val_labels = train_test_split(df["review"], df["sentiment"])
vectorizer.adapt(tf.data.Dataset.from_tensor_slices(train_texts).batch(32))
""",
    "divided": """
train_df, val_df = train_test_split(df, test_size=0.2)
vectorizer.adapt(train_df["review"].values)
""",
    "lower": """
X_train, X_val, y_train, y_val = train_test_split(df["review"], df["sentiment"])
vectorizer.adapt(X_train.str.lower().values)
""",
}
PAIR = """
train, val = train_test_split(df)
vectorizer.adapt(train["review"])
def build_model(hp):
    text = keras.Input(shape=(1,), dtype="string", name="text_input")
    meta = keras.Input(shape=(1,), name="meta_input")
    x = layers.Embedding(1000, hp.Choice("d", [4, 8]))(vectorizer(text))
    x = layers.concatenate([layers.GlobalAveragePooling1D()(x), meta])
    model = keras.Model([text, meta], layers.Dense(1, activation="sigmoid")(x))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model
"""


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    prepared_case("reviews.csv", "sentiment", folder / "work-mixed")
    prepared_case("reviews.csv", "sentiment", folder / "work-alone", stars="out")
    for name in ("mixed", "alone"):
        (folder / f"work-{name}" / "prepared").rename(folder / name)
    return folder


def on(dataset: str, code: str, kind: str = "keras") -> str:
    return f"# dataset: {dataset}\n# kind: {kind}\n{code}"


@pytest.mark.tensorflow
def test_which_templates_take_texts(datasets: Path, tmp_path: Path) -> None:
    found = inspect_templates(datasets, tmp_path, {
        f"{name}_{dataset}": on(dataset, code)
        for dataset in ("mixed", "alone")
        for name, code in {
            "text": SOURCES["text"], "script": SCRIPT, "dense": SOURCES["dense"],
            "tfidf": TFIDF, "union": UNION, "columns": COLUMNS, "forest": FOREST, "named": NAMED,
        }.items()
    }, ["text_alone"])  # fmt: skip
    more = {name: HEAD + MADE + code + BUILDER for name, code in SCRIPTS.items()}
    more["pair"] = HEAD + MADE + PAIR
    (tmp_path / "more").mkdir()
    found |= inspect_templates(
        datasets, tmp_path / "more", {name: on("mixed", code) for name, code in more.items()}
    )
    assert all(found[name]["metrics"][0] == "accuracy" for name in more), found
    failed = {name for name, event in found.items() if "message" in event}
    assert failed == {
        "dense_mixed", "dense_alone", "forest_mixed", "forest_alone", "columns_alone",
        "named_alone",
    }  # fmt: skip
    for name in ("dense_mixed", "forest_alone"):
        message = found[name]["message"]
        assert message.startswith("The dataset has text"), message
        assert "“Text network”" in message
    assert "prepared without" in found["columns_alone"]["message"]
    assert "nothing but text" in found["named_alone"]["message"]
    assert "not used: stars" in found["script_mixed"]["note"]
    assert "not used: stars" in found["tfidf_mixed"]["note"]
    assert "not used" not in found["text_mixed"]["note"] + found["columns_mixed"]["note"]
    names = [entry["config"]["name"] for entry in found["text_alone"]["space"]["space"]]
    assert {"vocabulary", "sequence_length", "embedding", "encoder"} < set(names)
    assert found["text_alone"]["samples"]["failed"] == 0


@pytest.mark.tensorflow
def test_downloaded_models_take_strings_and_know_no_test_row(
    datasets: Path, tmp_path: Path
) -> None:
    found = retrain_templates(datasets, tmp_path, {
        "text": on("mixed", SOURCES["text"]), "script": on("alone", SCRIPT),
        "script_mixed": on("mixed", SCRIPT), "tfidf": on("mixed", TFIDF, "sklearn"),
        "columns": on("mixed", COLUMNS, "sklearn"),
    })  # fmt: skip
    for name, events in found.items():
        kind, told = events[-1]
        assert kind == "Retrained", (name, told)
        lines = np.load(tmp_path / name / "predictions.npy")
        estimator = name in ("tfidf", "columns")
        model = "model.skops" if estimator else "model.keras"
        shutil.copy(CASES / "reviews.csv", tmp_path / name)
        predicted = predicted_elsewhere(
            tmp_path / name, model, "alone" if name == "script" else "mixed", told, datasets
        )
        assert lines[:, 2].tolist() == [predicted[int(row)] for row in lines[:, 0]], name
    frame = pd.read_csv(CASES / "reviews.csv")
    numbers = np.load(tmp_path / "text" / "predictions.npy")[:, 0].astype(int)
    known = vocabulary(tmp_path / "text" / "model.keras")
    own = [set(re.findall(r"\w+", text)) for text in frame["review"]]
    of_test = set().union(*(own[row] for row in numbers))
    of_others = set().union(*(own[row] for row in set(range(len(own))) - set(numbers)))
    assert of_others <= known
    assert of_test - of_others
    assert not (of_test - of_others) & known


def predicted_elsewhere(
    folder: Path, model: str, dataset: str, told: dict[str, Any], datasets: Path
) -> list[int]:
    """The class of each row of the file as predict.py, which people download, gives it."""
    profile = json.loads((datasets / dataset / "meta.json").read_text())
    row = Dataset(key="d", name="Reviews", task="classification", kind="text", profile=profile)
    owner = Project(dataset=row)
    kind = ModelKind.SKLEARN if model.endswith("skops") else ModelKind.KERAS
    trial = Trial(search=Search(project=owner, model_kind=kind))
    saved = SavedModel(project=owner, trial=trial, trusted_types=told["trusted_types"])
    script = predict_snippet(saved, model).replace("x[:5]", "x")
    classes = "predictions" if kind == ModelKind.SKLEARN else "classes"
    script += f"print(json.dumps([int(c) for c in {classes}]))\n"
    done = python("-c", script, cwd=folder)
    assert done.returncode == 0, done.stderr
    found: list[int] = json.loads(done.stdout.splitlines()[-1])
    return found


def vocabulary(model: Path) -> set[str]:
    with zipfile.ZipFile(model) as archive:
        names = [name for name in archive.namelist() if name.endswith("vocabulary.txt")]
        return {word for name in names for word in archive.read(name).decode().split("\n")}


@pytest.mark.tensorflow
def test_a_search_trains_as_keras_does(datasets: Path, tmp_path: Path) -> None:
    """Without the graphs that are kept for arrays of numbers."""
    code = SOURCES["text"]
    with TrialRunner(tmp_path / "search") as runner:
        runner.begin(search_order(project(code, datasets / "mixed"), {}, epochs=3))
        values = {"encoder": "convolution"}
        ends = [runner.trial(name, values)[-1] for name in ("0", "1")]
    assert all(isinstance(end, TrialEnd) for end in ends), ends
    assert ends[0].metrics == ends[1].metrics
    assert ends[0].metrics["val_accuracy"] > 0.8


def test_scripts_see_the_texts_of_training_rows_alone(datasets: Path) -> None:
    order = ProjectOrder("", str(datasets / "mixed"), Split(**SPLIT.__dict__))
    dataset = load_dataset(order)
    texts = stand_in(Rows("x"), dataset.rows, dataset.facts)
    frame = pd.read_csv(CASES / "reviews.csv")
    rows = split_rows(np.load(datasets / "mixed" / "y.npy"), order.split)
    assert list(texts) == frame["review"].iloc[rows["train"]].tolist()
    assert texts["review"].tolist() == list(texts)
    assert list(stand_in(Rows("x", "validation"), dataset.rows, dataset.facts)) == (
        frame["review"].iloc[rows["validation"]].tolist()
    )


def test_what_is_learned_of_numbers_beside_texts_is_learned_from_training_rows(
    datasets: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(datasets / "mixed", copy)
    order = ProjectOrder("", str(copy), Split(**SPLIT.__dict__))
    before = load_dataset(order).rows("train")[0]
    x = np.load(copy / "x.npy")
    rows = split_rows(np.load(copy / "y.npy"), order.split)
    x[np.concatenate([rows["validation"], rows["test"]]), 1] = 1000
    (copy / "x.npy").chmod(0o644)
    np.save(copy / "x.npy", x)
    after = load_dataset(order).rows("train")[0]
    assert before["numbers"].tolist() == after["numbers"].tolist()


def test_the_bundled_reviews_are_generated_alike_and_say_so(tmp_path: Path) -> None:
    entry = BY_KEY["reviews"]
    profiles = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        with chdir(tmp_path / name):
            profiles.append(prepare_generated(entry, Path("prepared"), lambda _: None))
    assert profiles[0] == profiles[1]
    profile = profiles[0]
    assert (profile["kind"], profile["task"], profile["rows"]) == ("text", "classification", 2000)
    assert "nobody wrote" in profile["source"]
    types = [column["type"] for column in profile["columns"]]
    assert types == ["text", "category", "number"]
    assert 0 < profile["columns"][0]["missing"] < 50
    names: dict[str, Any] = {}
    exec(profile["load_snippet"], names)  # noqa: S102
    assert names["y"].tolist() == np.load(tmp_path / "first" / "prepared" / "y.npy").tolist()
    assert list(names["x"]) == ["review", "product", "price"]
