"""Options of a command about the table in a file: how it is read, and which columns are used."""

import re
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from tuning.models import Dataset
from tuning.protocol.names import one_line
from tuning.protocol.tasks import TASKS
from tuning.protocol.uploads import IMAGES, PIXELS, SPREADSHEET, ColumnType
from tuning.protocol.windows import LOOK_BACK

MAX_NAMED = 40
# Fields of an Upload whose option has another name.
TABLE_OPTIONS = {
    "header": "no-header", "member": "file", "gaps": "missing", "not_missing": "not-missing",
    "drop_rows": "drop-rows", "file_names": "file-names", "look_back": "look-back",
}  # fmt: skip
# Fields that only some kinds of files have.
ONLY_FOR = {
    "sheet": ((SPREADSHEET, IMAGES), ".xlsx"),
    "member": ((IMAGES,), ".zip"),
    "file_names": ((IMAGES,), ".zip"),
}
# The option that a sentence of the runner is about, by its first words.
_ABOUT = {
    "The file has no sheet": "sheet", "The archive has no table": "file", "No column": "target",
    "The target": "target", "The look-back": "look-back", "With columns": "look-back",
}  # fmt: skip
# Columns that are no inputs, by the option that names them.
AUXILIARY_OPTIONS = {
    "group": ColumnType.GROUP, "split_time": ColumnType.TIME, "sample_weight": ColumnType.WEIGHT,
}  # fmt: skip
_DECIMALS = {"point": ".", "comma": ","}
_TYPES = ", ".join(kind.value for kind in ColumnType)


def add_table_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--task", choices=list(TASKS), help="what is predicted (what the targets suggest)"
    )
    parser.add_argument(
        "--types", nargs="+", action="extend", default=[], metavar="NAME=TYPE",
        help=f"types of a table's columns that are not the detected ones: {_TYPES}",
    )  # fmt: skip
    parser.add_argument(
        "--drop",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME",
        help="columns to leave out",
    )
    parser.add_argument(
        "--keep", nargs="+", action="extend", default=[], metavar="NAME",
        help="the only input columns, also such as would be left out",
    )  # fmt: skip
    parser.add_argument(
        "--drop-rows", action="store_true", help="drop rows of a table without a target"
    )
    parser.add_argument(
        "--time", default="", metavar="NAME",
        help="the column that orders the rows of a time series: windows are cut from them, and the "
        "target is predicted for the rows that follow",
    )  # fmt: skip
    parser.add_argument(
        "--series", default="", metavar="NAME",
        help="the column that names the series of each row, if the table holds several: no window "
        "has rows of two of them",
    )  # fmt: skip
    parser.add_argument(
        "--look-back", type=int, metavar="N",
        help=f"rows of a window that a model sees ({LOOK_BACK})",
    )  # fmt: skip
    parser.add_argument(
        "--horizon", type=int, metavar="N", help="rows after them that it predicts (1)"
    )
    parser.add_argument(
        "--stride", type=int, metavar="N", help="rows from the start of a window to the next (1)"
    )
    parser.add_argument(
        "--known", nargs="+", action="extend", default=[], metavar="NAME",
        help="columns whose future is known in advance, such as the weekday",
    )  # fmt: skip
    parser.add_argument(
        "--no-header", action="store_true",
        help="the first row has data; columns are called “column 1”, “column 2”, …",
    )  # fmt: skip
    parser.add_argument("--sheet", default="", help="the sheet of an .xlsx file (the first)")
    parser.add_argument(
        "--file", default="", help="the table in a .zip file, or * for all, with the same columns"
    )
    parser.add_argument(
        "--file-names", default="", metavar="NAME",
        help="the column with the names of images, in a table beside them in a .zip file",
    )  # fmt: skip
    parser.add_argument(
        "--pixels", default=None, metavar="SHAPE",
        help="images whose pixels are columns, such as 28x28x1 (guessed for templates with "
        "convolutions), or no",
    )  # fmt: skip
    parser.add_argument(
        "--decimal", choices=_DECIMALS, help="of numbers such as 1,234 that can be read both ways"
    )
    parser.add_argument(
        "--missing", nargs="+", action="extend", default=[], metavar="MARKER",
        help="further markers of missing values, such as -999",
    )  # fmt: skip
    parser.add_argument(
        "--not-missing", nargs="+", action="extend", default=[], metavar="MARKER",
        help="usual markers that are values in this table, such as NA",
    )  # fmt: skip


def auxiliary_types(options: dict[str, Any]) -> dict[str, str]:
    """The types of the columns that rows are divided by or weighted with. A column of --keep stays
    an input. Raises CommandError."""
    found: dict[str, str] = {}
    for option, kind in AUXILIARY_OPTIONS.items():
        name = options[option]
        if name and name in options["keep"] and kind == ColumnType.WEIGHT:
            raise CommandError(
                f"--sample-weight: {name!r} is in --keep, but weights cannot be inputs."
            )
        if name and name not in options["keep"]:
            found[name] = kind.value
    return found


def table_choices(options: dict[str, Any]) -> dict[str, Any]:
    """What the options say about a table, by the fields of an Upload. Raises CommandError."""
    types: dict[str, str] = {}
    for text in options["types"]:
        name, sign, kind = text.rpartition("=")
        if not sign or kind not in set(ColumnType):
            raise CommandError(f"--types: {text!r} is not NAME=TYPE. Types: {_TYPES}.")
        types[name] = kind
    for name in options["drop"]:
        if name in options["keep"]:
            raise CommandError(f"--drop: {name!r} is in --keep as well.")
        types[name] = ColumnType.OUT.value
    types |= dict.fromkeys(map(one_line, options.get("target", [])[1:]), ColumnType.TARGET.value)
    given = {
        "task": options["task"] or "", "types": types, "keep": options["keep"],
        "drop_rows": options["drop_rows"], "header": "no" if options["no_header"] else "",
        "sheet": options["sheet"], "member": options["file"],
        "file_names": options["file_names"], "pixels": _pixels(options["pixels"]),
        "decimal": _DECIMALS.get(options["decimal"] or "", ""), "gaps": options["missing"],
        "not_missing": options["not_missing"], **_windows(options),
    }  # fmt: skip
    return {name: value for name, value in given.items() if value}


def _windows(options: dict[str, Any]) -> dict[str, Any]:
    lengths = {name: options.get(name) for name in ("look_back", "horizon", "stride")}
    known, series = options.get("known") or [], one_line(options.get("series") or "")
    if not options.get("time"):
        others = {**lengths, "known": known or None, "series": series or None}
        given = [name for name, value in others.items() if value is not None]
        if given:
            option = TABLE_OPTIONS.get(given[0], given[0])
            raise CommandError(f"--{option}: name the column that orders the rows with --time.")
        return {}
    for name, value in lengths.items():
        if value is not None and value < 1:
            option = TABLE_OPTIONS.get(name, name)
            raise CommandError(f"--{option}: {value} is not a number of rows.")
    chosen = {name: value for name, value in lengths.items() if value}
    return {
        "look_back": LOOK_BACK, **chosen, "time": one_line(options["time"]), "known": known,
        "series": series,
    }  # fmt: skip


def _pixels(given: str | None) -> str:
    if given in (None, "no"):
        return ""
    if not re.fullmatch(PIXELS, given):
        raise CommandError(f"--pixels: {given!r} is not HEIGHTxWIDTHxCHANNELS, such as 28x28x1.")
    return given


def table_problem(dataset: Dataset, reason: str) -> str:
    """Why a file was refused, with the option that this is about."""
    columns = [column["name"] for column in dataset.detected_schema.get("columns", [])]
    types = dataset.upload.get("types", {})
    asked = {
        **{option.replace("_", "-"): [name for name, kind in types.items() if kind == of_option]
           for option, of_option in AUXILIARY_OPTIONS.items()},
        "drop": [name for name, kind in types.items() if kind == ColumnType.OUT],
        "types": list(types), "keep": dataset.upload.get("keep", []),
    }  # fmt: skip
    for option, names in asked.items():
        unknown = [name for name in names if name not in columns]
        if columns and unknown:
            shown = ", ".join(columns[:MAX_NAMED]) + (", …" if len(columns) > MAX_NAMED else "")
            return f"--{option}: no column {unknown[0]!r}. Columns: {shown}."
    about = next((option for words, option in _ABOUT.items() if reason.startswith(words)), "")
    return f"--{about}: {reason}" if about else reason
