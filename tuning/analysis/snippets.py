"""Code for people to copy: hyperparameters in some forms, and how to load a model and predict."""

import inspect
import json
import textwrap
from typing import Any

from tuning.models import Dataset, Prediction, SavedModel
from tuning.protocol import description, written_numbers
from tuning.protocol.data_kinds import DataKind
from tuning.protocol.evaluation import THRESHOLD
from tuning.protocol.model_kinds import KindTraits
from tuning.protocol.names import one_line
from tuning.protocol.predictions import lag_name, lagged_rows, raw_inputs, raw_windows
from tuning.protocol.tasks import Task

from .literals import python_literal
from .predictions.code import given_rows
from .profiles import class_names

_SHOWN_WINDOWS = 5
# What makes rows for an estimator of windows.
_LAGGED = (raw_inputs, raw_windows, lagged_rows, lag_name)
_OPTUNA_TRIAL = "trial = optuna.trial.FixedTrial(hyperparameters)"
# How `raw_inputs` gets numbers of columns in which not all are written plainly.
_PLAIN_NUMBERS = 'cells = cells.to_numpy("float32", na_value=float("nan"))'
_WRITTEN_NUMBERS = """decimal = column.get("decimal", ".")
            cells = np.array([number_of(cell, decimal) for cell in cells], "float32")"""


def python_dict(values: dict[str, Any]) -> str:
    return _dict("hyperparameters", values)


def json_text(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False)


def keras_tuner_lines(values: dict[str, Any]) -> str:
    """Values as `hp.Fixed`: hand `hp` to a tuner, or build the template's model with it."""
    lines = ["import keras_tuner", "", "hp = keras_tuner.HyperParameters()"]
    lines += [
        f"hp.Fixed({python_literal(name)}, {python_literal(value)})"
        for name, value in values.items()
    ]
    return "\n".join(lines)


def optuna_lines(values: dict[str, Any]) -> str:
    """Values as a trial that answers with them: hand it to the objective function."""
    return f"import optuna\n\n{_dict('hyperparameters', values)}\n{_OPTUNA_TRIAL}"


def forms(values: dict[str, Any], kind: KindTraits) -> list[dict[str, str]]:
    """As plain values, and as what the template's own library takes; an id and a label for each."""
    library = {"key": "kerastuner", "label": "KerasTuner", "text": keras_tuner_lines(values)}
    if kind.defines_by_run:
        library = {"key": "optuna", "label": "Optuna", "text": optuna_lines(values)}
    return [
        {"key": "python", "label": "Python", "text": python_dict(values)},
        {"key": "json", "label": "JSON", "text": json_text(values)},
        library,
    ]


def predict_snippet(
    saved_model: SavedModel, file_name: str, asked: Prediction | None = None
) -> str:
    """A script that loads the file and predicts rows of the project's dataset, or those that a
    person has `asked` about. It begins with what there is to know about the file."""
    notes = [f"# {line}" for line in textwrap.wrap(one_line(saved_model.note), 96)]
    beginning = "\n".join([*notes, ""]) if notes else ""
    return beginning + _predicting(saved_model, file_name, asked)


def _predicting(saved_model: SavedModel, file_name: str, asked: Prediction | None) -> str:
    dataset = saved_model.project.data
    load = given_rows(asked) if asked else str(dataset.profile.get("load_snippet", "")).strip()
    raw = bool(dataset.profile.get("columns"))
    known = "y" in load and not asked
    x = "x" if asked else "x[:5]"
    rows = _raw_rows(dataset, load) if raw else _rows(dataset, load)
    if asked:
        rows = load.splitlines()
    if saved_model.is_estimator:
        lines = [*_loading_estimator(saved_model, file_name, pandas=raw, numpy=not load)]
        if dataset.kind == DataKind.TEXT:
            rows += ["", *_text_rows(file_name)]
        if dataset.windows:
            tail = [] if asked else ["", *_last_rows(dataset)]
            rows = [*_described(file_name), "", "", *_sources(*_LAGGED), *rows, *tail, "",
                    "x = lagged_rows(x, about)[::-1]  # the newest window first"]  # fmt: skip
            known, x = False, "x"
        return "\n".join([*lines, *rows, "", *_estimation(dataset, known, x)]) + "\n"
    if raw:
        written = any("decimal" in column for column in dataset.profile["columns"])
        beginning = _raw_beginning(saved_model, file_name, written)
        if written:
            rows = "\n".join(rows).replace(f"{written_numbers.SOURCE}\n\n\n", "").splitlines()
        if dataset.windows:
            tail = [] if asked else ["", *_last_rows(dataset)]
            lines = [*beginning, *rows, *tail, "", *_tensors("raw_windows(x, about)"),
                     *_prediction(dataset, False, "inputs", newest_first=True)]  # fmt: skip
            return "\n".join(lines) + "\n"
        inputs = _tensors(f'raw_inputs({x}, about["columns"])')
        lines = [*beginning, *rows, "", *inputs, *_prediction(dataset, known, "inputs")]
        return "\n".join(lines) + "\n"
    own, file = _importing_layers(saved_model), python_literal(file_name)
    task = Task(dataset.task).traits
    about = task.has_classes or task.has_labels
    lines = ["import json", "import zipfile", ""] if about else []
    lines += ["import keras", *([] if load else ["import numpy as np"]), *own, ""]
    lines += [f"keras_model = keras.models.load_model({file})"]
    if about:
        lines += [
            f"with zipfile.ZipFile({file}) as archive:",
            f"    about = json.loads(archive.read({python_literal(description.FILE)}))",
        ]
    lines.append("")
    return "\n".join([*lines, *rows, "", *_prediction(dataset, known, x)]) + "\n"


def _last_rows(dataset: Dataset) -> list[str]:
    windows, series = dataset.windows, dataset.profile["windows"].get("series")
    assert windows
    most = windows.length + _SHOWN_WINDOWS - 1
    rows = f"x.groupby({python_literal(series)}, sort=False)" if series else "x"
    which = " of each series" if series else ""
    return [f"# The newest rows{which}, in the order of time.", f"x = {rows}.tail({most})"]


def _tensors(inputs: str) -> list[str]:
    return [
        "inputs = {",
        "    name: keras.ops.convert_to_tensor(np.stack(cells, axis=-1))",
        f"    for name, cells in {inputs}.items()",
        "}",
    ]


def _loading_estimator(
    saved_model: SavedModel, file_name: str, *, pandas: bool, numpy: bool
) -> list[str]:
    # Only what was vetted: skops refuses the file should it ever hold anything else.
    types = saved_model.trusted_types
    trusted = f", trusted={python_literal(types)}" if types else ""
    windows = saved_model.project.dataset.windows
    described = bool(windows) or saved_model.project.data.kind == DataKind.TEXT
    return [
        *(["import json", "import zipfile"] if described else []),
        *(["from typing import Any"] if windows else []),
        *([""] if described else []),
        *(["import pandas as pd"] if pandas else ["import numpy as np"] if numpy else []),
        "from skops import io",
        "",
        f"estimator = io.load({python_literal(file_name)}{trusted})",
        "",
    ]


def _rows(dataset: Dataset, load: str) -> list[str]:
    name = one_line(dataset.name)
    if load:
        return [f"# {name}: x holds the inputs as the model expects them.", load]
    shape = dataset.profile.get("input_shape")
    return [
        f"# Put your rows of {name} here.",
        f'x = np.zeros((1, {", ".join(str(size) for size in shape)}), dtype="float32")'
        if shape
        else "x = ...",
    ]


def _estimation(dataset: Dataset, known: bool, rows: str) -> list[str]:
    """As `_prediction`, of an estimator: it answers with classes, not with probabilities."""
    flat = dataset.data.flattened
    lines = ["x = x.reshape(len(x), -1)  # one row of numbers for each image"] if flat else []
    lines.append(f"predictions = estimator.predict({rows})")
    if several := dataset.profile.get("target_names"):
        return [*lines, *_of_targets(dataset, several, known, "predictions")]
    names = class_names(dataset)
    if not Task(dataset.task).traits.has_classes or not names:
        return [
            *lines,
            'print("predicted:", predictions)',
            *(['print("actual:   ", y[:5])'] if known else []),
        ]
    return [*lines, *_named(names, "predictions", known)]


def _importing_layers(saved_model: SavedModel) -> list[str]:
    """What has to happen before Keras loads a file with the template's own layers."""
    return (
        ["import layers  # registers the template's own layers"] if saved_model.layers_code else []
    )


def _raw_beginning(saved_model: SavedModel, file_name: str, written: bool) -> list[str]:
    """The model takes raw values; what lies in its file tells which input takes which column.
    `written`: the file has numbers that are not written plainly."""
    imports = "import json\nimport zipfile\n"
    reading, inputs = "", inspect.getsource(raw_inputs)
    if saved_model.project.dataset.windows:
        inputs += f"\n\n{inspect.getsource(raw_windows)}"
    if written:
        imports = "import json\nimport re\nimport zipfile\nfrom functools import cache\n"
        reading = f"{written_numbers.SOURCE}\n\n\n"
        inputs = inputs.replace(_PLAIN_NUMBERS, _WRITTEN_NUMBERS)
    return f"""\
{imports}from typing import Any

import keras
import numpy as np
import pandas as pd
{"".join(line + chr(10) for line in _importing_layers(saved_model))}
{reading}file = {python_literal(file_name)}
keras_model = keras.models.load_model(file)
with zipfile.ZipFile(file) as archive:
    about = json.loads(archive.read({python_literal(description.FILE)}))


{inputs}

""".splitlines()


def _described(file_name: str) -> list[str]:
    """`about`: what lies in the model's file."""
    return [
        f"with zipfile.ZipFile({python_literal(file_name)}) as archive:",
        f"    about = json.loads(archive.read({python_literal(description.FILE)}))",
    ]


def _sources(*functions: Any) -> list[str]:
    """Functions that a script has in common with a runner."""
    return "\n\n".join(inspect.getsource(function) + "\n" for function in functions).splitlines()


def _text_rows(file_name: str) -> list[str]:
    """From the raw columns of a dataset with texts to what the estimator takes of them."""
    return [*_described(file_name), *"""\
# A missing text is an empty one. A model of one text takes its strings alone.
texts = [column["name"] for column in about["columns"] if column["type"] == "text"]
x = x.fillna(dict.fromkeys(texts, ""))
if "text" in about:
    x = x[about["text"]]""".splitlines()]  # fmt: skip


def _raw_rows(dataset: Dataset, load: str) -> list[str]:
    name = one_line(dataset.name)
    if load:
        return [f"# {name}: x holds the raw columns.", load]
    names = [column["name"] for column in dataset.profile["columns"]]
    return [
        f"# Put your rows of {name} here. This row has only missing values.",
        f"x = pd.DataFrame({{name: [None] for name in {python_literal(names)}}})",
    ]


def _prediction(
    dataset: Dataset, known: bool, rows: str, *, newest_first: bool = False
) -> list[str]:
    """`rows`: what the model is given. `known`: the lines before have also loaded the true targets,
    as y. `newest_first`: of windows, the last one comes first."""
    lines = [f"predictions = keras_model.predict({rows})"]
    if newest_first:
        lines.append("predictions = predictions[::-1]  # the newest window first")
    if dataset.reconstructs:
        # The mean squared error of each row, on the scale from 0 to 1 of the training.
        outputs = [description.RECONSTRUCTION, description.ERROR]
        reproduced, error = (f'predictions["{name}"]' for name in outputs)
        named = f'about["{description.RECONSTRUCTION}"]'
        return [
            *lines,
            *([f'print("columns:", {named})'] if dataset.profile.get("columns") else []),
            f'print("reconstruction:", {reproduced})',
            f'print("reconstruction error:", {error})',
        ]
    if several := dataset.profile.get("target_names"):
        if Task(dataset.task).traits.has_labels:
            lines += [
                f'if about.get("outputs") == "{description.LOGITS}":',
                "    predictions = keras.ops.convert_to_numpy(keras.ops.sigmoid(predictions))",
            ]
        return [*lines, *_of_targets(dataset, several, known, f"predictions > {THRESHOLD:g}")]
    if not Task(dataset.task).traits.has_classes:
        return [
            *lines,
            'print("predicted:", predictions.ravel())',
            *(['print("actual:   ", y[:5])'] if known else []),
        ]
    names = class_names(dataset)
    lines += [
        "if predictions.shape[-1] == 1:  # one output: how much it is the second class",
        '    threshold = 0 if about.get("outputs") else 0.5  # logits, or a probability',
        "    classes = (predictions[:, 0] > threshold).astype(int)",
        "else:",
        "    classes = predictions.argmax(axis=-1)",
    ]
    if not names:
        return [*lines, 'print("predicted:", classes)']
    return [*lines, *_named(names, "classes", known)]


def _of_targets(dataset: Dataset, names: list[str], known: bool, found: str) -> list[str]:
    """Lines that print a column for each target or label. `found`: which labels are predicted."""
    lines = [
        f"names = {python_literal(names)}",
        'print("predicted:", *names, sep="\\t")',
        "for row in predictions:",
        '    print("", *(f"{value:.4g}" for value in row), sep="\\t")',
    ]
    if known:
        lines += [
            'print("actual:", *names, sep="\\t")',
            "for row in y[:5]:",
            '    print("", *(f"{value:.4g}" for value in row), sep="\\t")',
        ]
    if Task(dataset.task).traits.has_labels:
        lines += [
            f"for row in {found}:",
            '    print("labels:", [name for name, has in zip(names, row) if has])',
        ]
    return lines


def _named(names: list[str], classes: str, known: bool) -> list[str]:
    return [
        f"class_names = {python_literal(names)}",
        f'print("predicted:", [class_names[index] for index in {classes}])',
        *(['print("actual:   ", [class_names[index] for index in y[:5]])'] if known else []),
    ]


def _dict(name: str, values: dict[str, Any]) -> str:
    if not values:
        return f"{name} = {{}}"
    lines = [
        f"    {python_literal(key)}: {python_literal(value)}," for key, value in values.items()
    ]
    return "\n".join([f"{name} = {{", *lines, "}"])
