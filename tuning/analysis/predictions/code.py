"""Lines that give a person the rows of a question, as Python reads them."""

from pathlib import PurePath
from typing import Any

from tuning.analysis.literals import python_literal
from tuning.models import Dataset, Prediction
from tuning.protocol.predictions import RowSource

from .about import about, known_columns

_MISSING = 'float("nan")'


def given_rows(asked: Prediction) -> str:
    """`x` of the rows that were entered, or of the file, which lies beside the script."""
    dataset = asked.saved_model.project.data
    raw = bool(dataset.profile.get("columns"))
    if asked.source == RowSource.FORM:
        return "\n".join(_of_form(asked, dataset) if raw else _numbers(asked, dataset))
    if asked.source == RowSource.TABLE:
        return str(asked.answer.get("load", ""))
    if asked.source == RowSource.PICTURE:
        return "\n".join(_of_picture(asked.name, about(dataset)))
    shape = ", ".join(map(str, dataset.profile.get("input_shape") or []))
    dtype = python_literal(str(dataset.profile.get("dtype") or "float32"))
    return (
        "import numpy as np\n\n"
        f"x = np.load({python_literal(_file(asked.name))}).astype({dtype}).reshape(-1, {shape})"
    )


def _of_form(asked: Prediction, dataset: Dataset) -> list[str]:
    rows = [
        [
            f"    {python_literal(name)}: {_MISSING if value is None else python_literal(value)},"
            for name, value in row.items()
        ]
        for row in asked.rows
    ]
    lines = [line for cells in rows for line in ("}, {", *cells)]
    return ["x = pd.DataFrame([{", *lines[1:], f"}}]){_as_text(dataset)}"]


def _as_text(dataset: Dataset) -> str:
    """A category stays one if it is missing, and if it looks like a number."""
    names = [c["name"] for c in known_columns(dataset) if c["type"] != "number"]
    return f".astype({python_literal(dict.fromkeys(names, 'object'))})" if names else ""


def _numbers(asked: Prediction, dataset: Dataset) -> list[str]:
    names = [column["name"] for column in known_columns(dataset)]
    rows = [[row.get(name) for name in names] for row in asked.rows]
    return [
        "import numpy as np", "", f"# {', '.join(names)[:90]}",
        f'x = np.array({python_literal(rows)}, dtype="float32")',
    ]  # fmt: skip


def _of_picture(name: str, facts: dict[str, Any]) -> list[str]:
    height, width, channels = facts["input_shape"]
    darkest, brightest = facts["darkest"], facts["brightest"]
    lines = [
        "import numpy as np",
        "from PIL import Image, ImageOps",
        "",
        f"image = ImageOps.exif_transpose(Image.open({python_literal(_file(name))}))",
        'if image.mode.startswith("I;16"):',
        '    image = Image.fromarray((np.asarray(image) // 257).astype("uint8"))',
        f'image = image.convert("{"L" if channels == 1 else "RGB"}")',
        f"if image.size != ({width}, {height}):",
        f"    image = image.resize(({width}, {height}), Image.Resampling.BILINEAR)",
        f"x = np.asarray(image).reshape(1, {height}, {width}, {channels})",
    ]
    if (darkest, brightest) != (0, 255):
        scale = f'x.astype("float32") * (({brightest!r} - {darkest!r}) / 255) + {darkest!r}'
        lines.append(f"x = {scale}  # the range of the dataset's pixels")
    return [*lines, f'x = x.astype("{facts["dtype"]}")']


def _file(name: str) -> str:
    return PurePath(name).name or "rows"
