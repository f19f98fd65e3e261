"""Code for people to copy: hyperparameters in three forms, and how to load a model and predict."""

import json
from typing import Any

from tuning.models import Dataset, SavedModel
from tuning.protocol import description


def python_dict(values: dict[str, Any]) -> str:
    return _dict("hyperparameters", values)


def json_text(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False)


def keras_tuner_lines(values: dict[str, Any]) -> str:
    """Values as `hp.Fixed`: hand `hp` to a tuner, or build the template's model with it."""
    lines = ["import keras_tuner", "", "hp = keras_tuner.HyperParameters()"]
    lines += [f"hp.Fixed({_repr(name)}, {_repr(value)})" for name, value in values.items()]
    return "\n".join(lines)


def forms(values: dict[str, Any]) -> list[dict[str, str]]:
    """All three, with an id and a label for each."""
    return [
        {"key": "python", "label": "Python", "text": python_dict(values)},
        {"key": "json", "label": "JSON", "text": json_text(values)},
        {"key": "kerastuner", "label": "KerasTuner", "text": keras_tuner_lines(values)},
    ]


def predict_snippet(saved_model: SavedModel, file_name: str) -> str:
    """A script that loads the file and predicts rows of the project's dataset."""
    dataset = saved_model.project.dataset
    load = str(dataset.profile.get("load_snippet", "")).strip()
    if dataset.profile.get("columns"):
        lines = [*_raw_beginning(file_name), *_raw_rows(dataset, load), ""]
        return "\n".join([*lines, *_prediction(dataset, "y" in load, "raw_inputs(x[:5])")]) + "\n"
    lines = ["import keras", *([] if load else ["import numpy as np"]), ""]
    lines += [f"keras_model = keras.models.load_model({_repr(file_name)})", ""]
    if load:
        lines += [f"# {dataset.name}: x holds the inputs as the model expects them.", load, ""]
    else:
        shape = dataset.profile.get("input_shape")
        lines += [
            f"# Put your rows of {dataset.name} here.",
            f'x = np.zeros((1, {", ".join(str(size) for size in shape)}), dtype="float32")'
            if shape
            else "x = ...",
            "",
        ]
    return "\n".join(lines + _prediction(dataset, "y" in load, "x[:5]")) + "\n"


def _raw_beginning(file_name: str) -> list[str]:
    """The model takes raw values; what lies in its file tells which input takes which column."""
    return f"""\
import json
import zipfile

import keras
import numpy as np
import pandas as pd

file = {_repr(file_name)}
keras_model = keras.models.load_model(file)
with zipfile.ZipFile(file) as archive:
    about = json.loads(archive.read({_repr(description.FILE)}))


def raw_inputs(rows):
    \"\"\"The columns of a DataFrame as the model takes them: missing values are NaN or empty.\"\"\"
    inputs = {{}}
    for column in about["columns"]:
        cells = rows[column["name"]]
        if column["type"] == "number":
            cells = cells.to_numpy("float32", na_value=np.nan)
        else:
            cells = cells.astype(object).where(cells.notna(), "").to_numpy().astype(str)
        inputs.setdefault(column["input"], []).append(cells)
    return {{
        name: keras.ops.convert_to_tensor(np.stack(cells, axis=1))
        for name, cells in inputs.items()
    }}

""".splitlines()


def _raw_rows(dataset: Dataset, load: str) -> list[str]:
    if load:
        return [f"# {dataset.name}: x holds the raw columns.", load]
    return [
        f"# Put your rows of {dataset.name} here. This one has nothing but gaps.",
        'x = pd.DataFrame({column["name"]: [None] for column in about["columns"]})',
    ]


def _prediction(dataset: Dataset, known: bool, rows: str) -> list[str]:
    """`rows`: what the model is given. `known`: the lines before have also loaded the true targets,
    as y."""
    lines = [f"predictions = keras_model.predict({rows})"]
    if dataset.task != Dataset.Task.CLASSIFICATION:
        return [
            *lines,
            'print("predicted:", predictions.ravel())',
            *(['print("actual:   ", y[:5])'] if known else []),
        ]
    names = dataset.profile.get("class_names") or [
        str(index) for index in range(int(dataset.profile.get("num_classes") or 0))
    ]
    lines += [
        "if predictions.shape[-1] == 1:  # one output: the probability of the second class",
        "    classes = (predictions[:, 0] > 0.5).astype(int)",
        "else:",
        "    classes = predictions.argmax(axis=-1)",
    ]
    if not names:
        return [*lines, 'print("predicted:", classes)']
    return [
        *lines,
        f"class_names = {_repr(names)}",
        'print("predicted:", [class_names[index] for index in classes])',
        *(['print("actual:   ", [class_names[index] for index in y[:5]])'] if known else []),
    ]


def _dict(name: str, values: dict[str, Any]) -> str:
    if not values:
        return f"{name} = {{}}"
    lines = [f"    {_repr(key)}: {_repr(value)}," for key, value in values.items()]
    return "\n".join([f"{name} = {{", *lines, "}"])


def _repr(value: Any) -> str:
    """A Python literal, strings in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_repr(item) for item in value) + "]"
    return repr(value)
