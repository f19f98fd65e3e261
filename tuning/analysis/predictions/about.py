"""What a runner has to know of a dataset to predict rows that are not part of it."""

from typing import Any

from tuning.analysis.evaluation.contents import categories_of
from tuning.analysis.profiles import class_names
from tuning.models import Dataset, ModelEvaluation, SavedModel
from tuning.protocol.description import window_facts
from tuning.protocol.evaluation import CHANGES_ROWS
from tuning.protocol.predictions import RowSource
from tuning.protocol.tasks import Task

# A form of more fields than this is of no use to anybody.
MAX_FIELDS = 200
# From here on a picture's range is that of 8 bits, though its brightest pixel may be darker.
_EIGHT_BITS = 128


# What there is to predict where no target has a name.
_UNNAMED = {str(Task.RECONSTRUCTION): "reconstruction error"}


def sources_of(dataset: Dataset) -> list[RowSource]:
    """How rows can be given, the usual way first."""
    if _are_pictures(dataset):
        return [RowSource.PICTURE, RowSource.ARRAY]
    if dataset.windows:
        return [RowSource.TABLE]
    if dataset.data.permutable and known_columns(dataset):
        form = [RowSource.FORM] if _width(dataset) <= MAX_FIELDS else []
        return [*form, RowSource.TABLE]
    return [RowSource.ARRAY]


def _are_pictures(dataset: Dataset) -> bool:
    """Whether files of pictures can be rows: images of other channels than grey or RGB cannot."""
    shape = dataset.profile.get("input_shape") or []
    return dataset.has_pictures and len(shape) == 3 and shape[2] in (1, 3)


def known_columns(dataset: Dataset) -> list[dict[str, Any]]:
    """Names and types of a table's columns, as many as the profile has."""
    columns = dataset.profile.get("columns")
    if columns:
        return [{"name": column["name"], "type": column["type"]} for column in columns]
    names = dataset.profile.get("feature_names") or []
    return [{"name": str(name), "type": "number"} for name in names]


def about(dataset: Dataset) -> dict[str, Any]:
    """`PredictOrder.about`: kind of rows, task, class names, columns, and the range of pictures."""
    profile = dataset.profile
    darkest, brightest = _range(profile)
    few = _width(dataset) <= MAX_FIELDS
    windows = profile.get("windows")
    return {
        "task": dataset.task,
        "target": str(profile.get("target_name") or _UNNAMED.get(dataset.task, "target")),
        # Of several numbers or labels.
        "targets": list(profile.get("target_names") or []),
        "class_names": class_names(dataset),
        "columns": known_columns(dataset),
        "raw": bool(profile.get("columns")),
        "values": categories_of(dataset) if few else {},
        "reading": _reading(dataset),
        "windows": window_facts(windows) if windows else {},
        "input_shape": profile.get("input_shape") or [],
        "dtype": str(profile.get("dtype") or "float32"),
        "pictures": _are_pictures(dataset),
        "darkest": darkest,
        "brightest": brightest,
    }


def _reading(dataset: Dataset) -> dict[str, Any]:
    """How a table's cells are to be read, as far as the dataset says it: `Upload`'s fields."""
    chosen = {name: dataset.upload.get(name) for name in ("gaps", "not_missing", "header")}
    signs = {
        column["name"]: column["decimal"]
        for column in dataset.profile.get("columns") or []
        if column.get("decimal")
    }
    if dataset.profile.get("header") == "no":
        chosen["header"] = "no"
    columns = dataset.profile.get("columns") or []
    dates = {column["date"]: column.get("order") for column in columns if column.get("date")}
    chosen["types"] = dict.fromkeys(dates, "date")
    windows = dataset.profile.get("windows") or {}
    orders = {**dates, windows.get("time"): windows.get("order")}
    chosen["date_orders"] = {name: order for name, order in orders.items() if order}
    # Datasets of earlier versions do not say it of columns that are not plain numbers.
    told = all("percent" in column for column in columns if "decimal" in column)
    if columns and told and len(columns) == _width(dataset):
        chosen["percents"] = [column["name"] for column in columns if column.get("percent")]
    given = {name: value for name, value in chosen.items() if value not in (None, "", {})}
    return {"decimals": signs, **given}


def caution_of(saved_model: SavedModel) -> str:
    """Why predictions of rows as they are may say nothing, or nothing."""
    evaluation = ModelEvaluation.objects.filter(saved_model=saved_model).first()
    if evaluation and evaluation.report.get("problem") == CHANGES_ROWS:
        return saved_model.note or (
            "The template changes its rows before the fit. Predictions of rows as they are may be "
            "wrong: change them in the same way first."
        )
    return ""


def _width(dataset: Dataset) -> int:
    return int(dataset.profile.get("column_count") or len(known_columns(dataset)))


def _range(profile: dict[str, Any]) -> tuple[float, float]:
    """What a picture's black and white are in the dataset."""
    low = min(0.0, float(profile.get("min_value") or 0))
    high = float(profile.get("max_value") or 255)
    is_bytes = profile.get("dtype") == "uint8" or _EIGHT_BITS < high <= 255
    return low, 255.0 if is_bytes else high
