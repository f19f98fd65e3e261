"""Values that scripts compute from their own data: counts and names come from the project, and a
constant of the form holds whatever the line says. Read and executed, without TensorFlow."""

from typing import Any

import numpy as np
import pytest

from tuning.runner.failures import TemplateError
from tuning.runner.template.adaptation import AdaptedValues
from tuning.runner.template.modules import execute
from tuning.runner.template.scripts import read_script
from tuning.runner.template.supplied import supplies_constants

FEATURES = ["length", "width", "depth", "weight"]
CLASSES = ["ash", "beech", "cedar"]
FLOWERS = {
    "task": "classification", "input_shape": [4], "num_classes": 3, "class_names": CLASSES,
    "feature_names": FEATURES, "max_value": 9.0, "min_value": 0.0,
}  # fmt: skip
AMOUNTS = {key: FLOWERS[key] for key in ("input_shape", "feature_names", "max_value", "min_value")}
AMOUNTS |= {"task": "regression"}
PICTURES = {**FLOWERS, "input_shape": [8, 8, 3], "feature_names": None}
IMPORTS = """import numpy as np
import keras_tuner as kt
"""


def rows(facts: dict[str, Any]) -> Any:
    """Training rows that have none of the last class."""
    x = np.ones((20, *facts["input_shape"]), np.float32)
    y = np.arange(20) % 2 if "num_classes" in facts else np.linspace(0, 1, 20)
    return lambda _part: (x, y)


def built(
    statements: str, wanted: str, constants: dict[str, Any] | None = None,
    facts: dict[str, Any] = FLOWERS,
) -> Any:  # fmt: skip
    """What the builder of a script finds under the expression `wanted`."""
    code = (
        f"{IMPORTS}{statements}\ndef build_model(hp):\n    return {wanted}\n"
        "tuner = kt.RandomSearch(build_model, 'val_loss')\ntuner.search(X_train, y_train)\n"
    )
    return run(code, constants, facts)


def run(code: str, constants: dict[str, Any] | None = None, facts: dict[str, Any] = FLOWERS) -> Any:
    constants = constants or {}
    # kt is only named, never used: importing it would take seconds.
    code = code.replace("import keras_tuner as kt", "kt = None")
    script = read_script(code, "template.py", constants)
    own = AdaptedValues(supplies_constants(facts), constants, rows(facts), facts)
    module = execute(code, script.tree, own.given(script.missing) | own.functions())
    try:
        return getattr(module, script.entry or script.builder or "build_model")(None)
    except Exception as error:
        raise own.unknown_value(error) or error from error


CSV = "import pandas as pd\ndf = pd.read_csv('plants.csv')\n"
XY = CSV + "X, y = df.drop('species', axis=1), df['species']\n"
LABELS = "from sklearn.preprocessing import LabelEncoder\nle = LabelEncoder()\n"
SCALER = "from sklearn.preprocessing import StandardScaler\nscaler = StandardScaler()\n"
TOKENS = "tokenizer = Tokenizer(num_words=5000)\ntokenizer.fit_on_texts(texts)\n"
FOLDER = "train_ds = image_dataset_from_directory('photos', batch_size=32)\n"
FLOW = "train_generator = datagen.flow_from_directory('photos', target_size=(64, 64))\n"


@pytest.mark.parametrize(
    ("statements", "wanted", "expected"),
    [
        # Encoders of the target, in the ways that people fit them.
        (CSV + LABELS + "y = le.fit_transform(df['species'])\nn = len(le.classes_)", "n", 3),
        (CSV + LABELS + "y = le.fit_transform(df['species'])", "len(le.classes_)", 3),
        (XY + LABELS + "le.fit(y)", "list(le.classes_)", CLASSES),
        (XY + LABELS + "y_train = le.fit_transform(y)", "le.classes_.shape[0]", 3),
        (XY + LABELS + "le = LabelEncoder().fit(df['species'])", "len(le.classes_)", 3),
        (XY + "from sklearn.preprocessing import LabelEncoder\nle = LabelEncoder().fit(y)",
         "len(le.classes_)", 3),
        (XY + LABELS + "df['species'] = le.fit_transform(df['species'])", "len(le.classes_)", 3),
        (XY + LABELS + "y = le.fit_transform(y)", "list(le.inverse_transform([2]))", ["cedar"]),
        ("from sklearn.preprocessing import LabelBinarizer\n" + CSV + "lb = LabelBinarizer()\n"
         "labels = lb.fit_transform(df['kind'])\nout = len(lb.classes_)", "out", 3),
        ("from sklearn.preprocessing import OneHotEncoder\nenc = OneHotEncoder()\n" + CSV
         + "y = enc.fit_transform(df[['species']]).toarray()", "len(enc.categories_[0])", 3),
        # Scalers of the inputs.
        (XY + SCALER + "X = scaler.fit_transform(X)", "scaler.n_features_in_", 4),
        (XY + SCALER + "scaler.fit(X.values)\ndim = scaler.n_features_in_", "dim", 4),
        (XY + SCALER + "X_train = scaler.fit_transform(X)", "list(scaler.feature_names_in_)",
         FEATURES),
        (XY + "from sklearn.preprocessing import MinMaxScaler\nX = MinMaxScaler().fit_transform(X)",
         "X.shape[1]", 4),
        # Counts of the data themselves. The training rows have none of the last class.
        (XY, "X.shape[1]", 4),
        (XY, "X.shape[1:]", (4,)),
        (XY, "list(X.columns)", FEATURES),
        (XY, "len(np.unique(y))", 3),
        (XY + "classes, counts = np.unique(y, return_counts=True)", "len(classes)", 3),
        (XY, "len(np.bincount(y))", 3),
        (XY, "len(y.value_counts())", 3),
        (XY, "y.nunique()", 3),
        (XY, "len(y.unique())", 3),
        (XY, "int(np.max(y)) + 1", 3),
        (XY, "y.max() + 1", 3),
        ("x_train, y_train = load_it()\ny_train = to_categorical(y_train)", "y_train.shape[1]", 3),
        # Tables that hold inputs and target.
        (XY, "df.shape[1] - 1", 4),
        (XY + "n_inputs = len(df.columns) - 1", "n_inputs", 4),
        (XY + "cols = [c for c in df.columns if c != 'species']", "cols", FEATURES),
        (XY + "cols = df.columns.drop('species')", "len(cols)", 4),
        (CSV + "feature_columns = df.columns[:-1].tolist()", "len(feature_columns)", 4),
        (CSV + "TARGET = 'kind'\ny = df[TARGET]", "df[TARGET].nunique()", 3),
        (CSV + "y = df.species", "df.species.nunique()", 3),
        (CSV, "df.iloc[:, :-1].shape[1]", 4),
        (CSV, "len(df.iloc[:, -1].unique())", 3),
        (CSV + "df = df.dropna()\ndf = df[df['width'] > 0]\ny = df.pop('species')\n"
         "n_in = df.shape[1]", "n_in", 4),
        ("data = np.loadtxt('plants.csv')\nX, y = data[:, :-1], data[:, -1]",
         "data.shape[1] - 1", 4),
        (XY + "df = df.sample(frac=1)", "df.shape[1] - 1", 4),
        (CSV + "def clean(t):\n    return t.dropna()\ndf = clean(df)", "df.shape[1] - 1", 4),
        ("feature_columns = ['a', 'b']\n" + CSV + "X_train = df[feature_columns]",
         "len(feature_columns)", 4),
        # Lists and mappings under names of data are no data.
        (XY + "FEATURES = [c for c in df.columns if c != 'species']", "len(FEATURES)", 4),
        (XY + "labels = df['species'].unique().tolist()", "len(labels)", 3),
        (FLOW + "labels = dict((v, k) for k, v in train_generator.class_indices.items())",
         "len(labels)", 3),
        (XY + "labels = {name: i for i, name in enumerate(y.unique())}", "len(labels)", 3),
        (XY + "y = pd.get_dummies(df['species']).values", "y.shape[1]", 3),
        ("texts = load_it()\ny = [int(t == 'good') for t in texts]", "len(y)", 20),
        ("import os\nlabels = os.listdir('train')", "len(labels)", 3),
        # Lists and counts of classes, under their names.
        ("class_names = ['a', 'b']", "len(class_names)", 3),
        ("CLASSES = ('a', 'b')", "CLASSES", tuple(CLASSES)),
        ("labels = ['a', 'b']", "labels", CLASSES),
        ("classes = 10", "classes", 3),
        ("num_class = 10", "num_class", 3),
        ("class Config:\n    num_classes = 10\n    units = 8", "Config.num_classes", 3),
        (XY + LABELS + "y = le.fit_transform(y)\nclass Config:\n    n = len(le.classes_)",
         "Config.n", 3),
        ("class Config:\n    base = 5\n    num_classes = base * 2", "Config.num_classes", 10),
        ("", "num_classes", 3),
        # Folders of images and what tensorflow_datasets tells.
        (FOLDER + "class_names = train_ds.class_names", "class_names", CLASSES),
        (FOLDER, "len(train_ds.class_names)", 3),
        (FOLDER + "train_ds = train_ds.cache().prefetch(2)", "len(train_ds.class_names)", 3),
        ("train_ds, val_ds = image_dataset_from_directory('photos', subset='both')",
         "len(val_ds.class_names)", 3),
        (FLOW, "len(train_generator.class_indices)", 3),
        (FLOW, "train_generator.num_classes", 3),
        (FLOW, "train_generator.class_indices", {"ash": 0, "beech": 1, "cedar": 2}),
        ("(train, test), info = tfds.load('x', with_info=True)",
         "info.features['label'].num_classes", 3),
        # Samples of scikit-learn.
        ("iris = load_iris()", "len(iris.target_names)", 3),
        ("iris = load_iris()", "iris.data.shape[1]", 4),
        ("iris = load_iris()", "len(iris['feature_names'])", 4),
    ],
)  # fmt: skip
def test_counts_and_names_come_from_the_project(
    statements: str, wanted: str, expected: Any
) -> None:
    assert built(statements, wanted) == expected


def test_images_have_the_shape_of_the_project() -> None:
    assert built(FLOW, "train_generator.image_shape", facts=PICTURES) == (8, 8, 3)
    batch = "images, labels = next(iter(train_ds))\nshape = images.shape[1:]"
    assert built(FOLDER + batch, "shape", facts=PICTURES) == (8, 8, 3)
    # Names of inputs say nothing about images.
    assert built("features = ['a', 'b']", "len(features)", facts=PICTURES) == 2


def test_amounts_have_no_classes() -> None:
    with pytest.raises(TemplateError, match=r"n in line 4 .* under Constants .*: n = "):
        built("iris = load_iris()\nn = len(iris.target_names)", "n", facts=AMOUNTS)
    assert built("classes = 10", "classes", facts=AMOUNTS) == 10


@pytest.mark.parametrize(
    ("statements", "wanted", "text"),
    [
        (TOKENS, "len(tokenizer.word_index) + 1", "tokenizer.word_index is known only"),
        (TOKENS + "vocab = len(tokenizer.word_index) + 1", "vocab", "Constants .*: vocab = "),
        # An encoder of an input says nothing about the classes.
        (XY + LABELS + "df['city'] = le.fit_transform(df['city'])", "len(le.classes_)",
         "le.classes_ is known only"),
        (XY + LABELS + "y = le.fit_transform(y)\nX[:, 1] = le.fit_transform(X[:, 1])\n"
         "n = len(le.classes_)", "n", "Constants .*: n = "),
        (XY, "int(df['city'].nunique())", r"df\['city'\].nunique\(\) is known only"),
        (XY + "cities = df['city'].nunique() + 1", "range(cities)", "is known only"),
        (XY + SCALER + "scaler.fit(X)", "scaler.mean_", "scaler.mean_ is known only"),
        (CSV + "def load():\n    return pd.read_csv('x'), LabelEncoder()\nt, le = load()\n"
         "count = len(le.classes_)", "count", "count in line 8 .* Constants .*: count = "),
    ],
)  # fmt: skip
def test_other_values_need_a_constant(statements: str, wanted: str, text: str) -> None:
    with pytest.raises(TemplateError, match=text):
        built(statements, wanted)


@pytest.mark.parametrize(
    ("statements", "wanted"),
    [
        (TOKENS + "n = len(tokenizer.word_index) + 1", "n"),
        ("n = 5", "n"),
        ("n: int = 5", "n"),
        ("n = len(open('vocabulary.txt').read())", "n"),
        ("with open('vocabulary.txt') as f:\n    n = len(f.read())", "n"),
        ("for n in range(3):\n    pass", "n"),
        ("if True:\n    n = 5\nelse:\n    n = 6", "n"),
        ("m, n = 4, 5", "n"),
        ("m = n = 5", "n"),
        ("texts, n = load_texts()", "n"),
        ("m, n = X.shape", "n"),
        ("n = 5\nn += 1", "n"),
        ("n = 5\nm = n", "m"),
        ("def helper(n=5):\n    return n", "helper()"),
        ("def helper(*, n=len(load_it())):\n    return n", "helper()"),
        ("def helper():\n    n = len(tokenizer.word_index)\n    return n", "helper()"),
        ("def helper():\n    m, n = 4, 5\n    return n", "helper()"),
        ("class Helper:\n    n = 5", "Helper.n"),
        ("class Helper:\n    def __init__(self):\n        self.n = 5", "Helper().n"),
        ("", "n"),
    ],
)
def test_a_constant_of_the_form_holds_whatever_the_line_says(statements: str, wanted: str) -> None:
    assert built(statements, wanted, {"n": 7}) == 7


def test_a_constant_holds_for_an_argument_of_the_builder() -> None:
    code = (
        f"{IMPORTS}{TOKENS}n = len(tokenizer.word_index)\n"
        "class Ours:\n    def __init__(self, size, depth=2):\n        self.size = size\n"
        "    def __call__(self, hp):\n        return self.size\n"
        "tuner = kt.Hyperband({})\ntuner.search(X_train, y_train)\n"
    )
    for made in ("Ours(n, depth=3)", "Ours(size=n)"):
        assert run(code.format(made), {"size": 9}) == 9


def test_a_constant_goes_before_the_project() -> None:
    encoded = CSV + LABELS + "y = le.fit_transform(df['species'])\nnum_classes = len(le.classes_)"
    assert built(encoded, "num_classes", {"num_classes": 5}) == 5
    code = "def build_model(hp, num_classes=10):\n    return num_classes\n"
    script = read_script(code, "template.py", {"num_classes"})
    own = AdaptedValues({}, {"num_classes": 5}, None, FLOWERS)
    assert execute(code, script.tree, own.functions()).build_model(None) == 5


@pytest.mark.parametrize(
    "body",
    [
        # What a function computes from its own values is no constant.
        "    n = hp or 5\n    return n",
        "    m = 4\n    n = m + 1\n    return n",
        "    return sum(n for n in [5])",
    ],
)
def test_a_constant_leaves_what_a_function_computes(body: str) -> None:
    code = f"import keras_tuner as kt\ndef build_model(hp):\n{body}\nkt.RandomSearch(build_model)\n"
    assert run(code, {"n": 7}) == 5
    twice = (
        "def helper(n):\n    n = n * 2\n    return n\ndef build_model(hp):\n    return helper(4)\n"
    )
    assert run(twice + "kt.RandomSearch(build_model)\n", {"n": 7}) == 8


MAIN = """
import keras_tuner as kt
def main():
    df = read_csv("plants.csv")
    le = LabelEncoder()
    y = le.fit_transform(df["species"])
    X = df.drop(columns="species")
    outputs = len(le.classes_)
    def build_model(hp):
        return X.shape[1], outputs
    tuner = kt.RandomSearch(build_model, objective="val_loss")
    tuner.search(X, y)
if __name__ == "__main__":
    main()
"""


def test_a_script_in_a_function_has_them_too() -> None:
    code = LABELS.splitlines()[0] + MAIN
    assert run(code) == (4, 3)
    assert run(code, {"outputs": 7}) == (4, 7)


def test_helpers_can_still_be_part_of_an_estimator() -> None:
    """They stay objects of scikit-learn, so that a pipeline can fit them anew."""
    statements = XY + SCALER + "X_train = scaler.fit_transform(X)"
    fitted = "scaler.__class__(**scaler.get_params()).fit(np.ones((3, 2))).n_features_in_"
    assert built(statements, fitted) == 2


CELLS = """{first}import numpy as np
import keras_tuner as kt
def build_model(hp):
    return {wanted}
"""
SEARCHING = "tuner = kt.RandomSearch(build_model, 'val_loss')\ntuner.search(X_train, y_train)\n"


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ("train_features.shape[-1]", 4), ("X_train.shape[1:]", (4,)), ("val_labels.shape", (20,)),
        ("len(np.unique(y_train))", 3),
    ],
)  # fmt: skip
@pytest.mark.parametrize("first", ["", '"""Cells."""\nfrom __future__ import annotations\n'])
@pytest.mark.parametrize("last", ["", SEARCHING])
def test_data_that_a_notebooks_other_cells_make_are_the_projects(
    wanted: str, value: Any, first: str, last: str
) -> None:
    assert run(CELLS.format(first=first, wanted=wanted) + last) == value


def test_a_count_of_absent_data_is_computed() -> None:
    counts = "import numpy as np\nneg, pos = np.bincount(y_train)[:2]\n"
    assert run(CELLS.format(first=counts, wanted="neg + pos")) == 20


@pytest.mark.parametrize("name", ["x_train", "y_train"])
def test_a_name_that_the_file_binds_is_not_the_projects(name: str) -> None:
    code = CELLS.format(first=f"def helper({name}):\n    return {name}\n", wanted="helper(7)")
    assert run(code) == 7


def test_another_name_that_nothing_binds_is_an_error() -> None:
    with pytest.raises(NameError, match="vocabulary"):
        run(CELLS.format(first="", wanted="len(vocabulary)"))


FACTORY = """
import numpy as np
import keras_tuner as kt
class Factory:
    def __init__(self, features, classes, extra=5):
        self.shape = features, classes
        self.extra = extra
    def build(self, hp):
        return (*self.shape, self.extra)
"""
MAKING = """
data = np.load("a.npz")
x_train, y_train = data["x"], data["y"]
factory = Factory(x_train.shape[1], len(np.unique(y_train)))
tuner = kt.RandomSearch(factory.build, "val_loss")
tuner.search(x_train, y_train)
"""


def test_a_method_of_an_object_builds() -> None:
    assert run(FACTORY + MAKING) == (4, 3, 5)


@pytest.mark.parametrize("last", ["main()", "if __name__ == '__main__':\n    main(seed=2)"])
def test_a_method_of_an_object_that_a_function_makes_builds(last: str) -> None:
    lines = [f"    {line}" for line in MAKING.splitlines()]
    code = FACTORY + "\n".join(["def main(seed=1):", *lines, last])
    assert run(code) == (4, 3, 5)
