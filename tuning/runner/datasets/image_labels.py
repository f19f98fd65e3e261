"""What the images of an archive show: by their folders, by the beginning of their names, or by a
table in the archive.

- Folders: `cat/1.jpg`. Folders around all of them do not count, and those called train, val and
  test divide the images into parts.
- Names: `cat.0.jpg`, `dog_17.png`; only if folders name no two classes.
- A table, as Kaggle has it: one column names the images (with or without their folders and their
  endings), another one is the target. Images that it does not name have no label and are left out.
  Columns of the types group, time and weight say by what images are divided or weighted, such as
  the patient.
"""

import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from tuning.protocol.tasks import Task, joined_names
from tuning.protocol.uploads import Upload
from tuning.runner.failures import BadData

from .tables.auxiliary import AuxiliaryColumn, auxiliary_columns
from .tables.cells import text_of
from .tables.schema_detection import DetectedSchema
from .tables.snippet import reading_lines, target_lines
from .tables.targets import Targets, chosen_targets, has_target

# Folders that divide the images, as indices into splits.PARTS.
PARTS = {
    "train": 0, "training": 0, "val": 1, "valid": 1, "validation": 1, "test": 2, "testing": 2,
}  # fmt: skip
_PART = re.compile(r"(train|training|val|valid|validation|test|testing)\d*", re.I)
# A name that begins with what the image shows: a text, then a number.
NUMBERED = r"(.+?)[\W_]+\d+\W*$|(\D*[^\W\d_])\d+$"
_MIN_MATCHES = 0.5
_MAX_NAMED = 3

Entries = Sequence[zipfile.ZipInfo]
Reasons = list[tuple[str, str]]
# A class, a number, or all numbers or labels.
Label = str | float | tuple[float, ...]


@dataclass(frozen=True)
class Labels:
    """`labelled`: images with their labels, texts of classes or numbers. `others`: those without
    one. `place`: of the folder that names an image's part, if one does. The lines are Python: what
    comes before the loop over the archive's images, what gives `label` of `steps` in it (or skips
    the image), and what makes `y` of `labels`."""

    labelled: Sequence[tuple[zipfile.ZipInfo, Label]]
    task: Task
    target: str
    beginning: list[str]
    lines: list[str]
    ending: list[str]
    others: Reasons = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    place: int | None = None
    # The classes in their order; none: by their letters.
    classes: list[str] = field(default_factory=list)
    # Of several numbers or labels.
    names: list[str] = field(default_factory=list)
    # Of a table: what says something of each image and is no label, and the row of each file.
    auxiliary: list[AuxiliaryColumn] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)

    def auxiliary_of(self, read: Sequence[zipfile.ZipInfo]) -> list[AuxiliaryColumn]:
        """The same of these images, in their order."""
        if not self.auxiliary:
            return []
        places = np.array([self.rows[entry.filename] for entry in read])
        for column in self.auxiliary:
            column.choose(places)
        return self.auxiliary


_CLASSES = ["class_names, y = np.unique(labels, return_inverse=True)"]


def steps_of(entry: zipfile.ZipInfo) -> list[str]:
    return entry.filename.replace("\\", "/").rstrip("/").split("/")


# --- By folders and names -----------------------------------------------------------------------


def labels_by_path(pictures: Entries) -> Labels:
    """Raises BadData if neither folders nor names tell classes."""
    try:
        place, divided = _place_of_class(pictures)
    except BadData:
        if labels := _by_name(pictures):
            return labels
        raise
    names = {steps_of(entry)[place] for entry in pictures}
    if (len(names) == 1 or all(map(_PART.fullmatch, names))) and (labels := _by_name(pictures)):
        return labels
    return Labels(
        [(entry, steps_of(entry)[place]) for entry in pictures], Task.CLASSIFICATION, "class", [],
        [f"label = steps[{place}]  # the folder's name is the class"], _CLASSES,
        place=place - 1 if divided else None,
    )  # fmt: skip


def without_labels(pictures: Entries) -> Labels:
    """Of a reconstruction: images in whichever folders."""
    labelled = [(entry, 0.0) for entry in pictures]
    return Labels(labelled, Task.RECONSTRUCTION, "", [], ["label = 0"], [])


def has_class_folders(pictures: Entries) -> bool:
    """Whether folders or names may be the classes."""
    try:
        labels = labels_by_path(pictures).labelled
    except BadData:
        return False
    return len({label for _, label in labels}) > 1


def _by_name(pictures: Entries) -> Labels | None:
    """None if the names do not begin with classes of two images each at least."""
    named = [(entry, _beginning(steps_of(entry)[-1])) for entry in pictures]
    counts = Counter(label for _, label in named if label)
    if len(counts) < 2 or min(counts.values()) < 2:
        return None
    labelled: list[tuple[zipfile.ZipInfo, str | float]] = [
        (e, label) for e, label in named if label
    ]
    others = [(e.filename, "has no label in its name") for e, label in named if not label]
    folders = {steps_of(entry)[-2].lower() for entry, _ in labelled if len(steps_of(entry)) > 1}
    flat = all(len(steps_of(entry)) > 1 for entry, _ in labelled)
    divided = flat and len(folders) > 1 and folders <= PARTS.keys()
    return Labels(
        labelled, Task.CLASSIFICATION, "class", ["import re"],
        [
            f"match = re.match({NUMBERED!r}, steps[-1].rpartition('.')[0])",
            "if not match:",
            "    continue",
            "label = match[1] or match[2]  # the name begins with the class",
        ],
        _CLASSES, others, ["The class is the beginning of each file name, as in cat.0.jpg."],
        place=-2 if divided else None,
    )  # fmt: skip


def _beginning(name: str) -> str:
    match = re.match(NUMBERED, PurePosixPath(name).stem)
    return (match[1] or match[2]) if match else ""


def _place_of_class(pictures: Entries) -> tuple[int, bool]:
    """How deep the folders of classes lie, and whether they lie in those of parts (train, test).
    Folders around everything do not count. Raises BadData."""
    paths = [steps_of(entry) for entry in pictures]
    shallowest = min(map(len, paths))
    place = 0
    while shallowest > place + 2 and len({path[place] for path in paths}) == 1:
        place += 1
    folders = {path[place].lower() for path in paths}
    divided = shallowest > place + 2 and folders <= PARTS.keys()
    place += divided
    if shallowest < place + 2:
        lost = next(entry for entry in pictures if len(steps_of(entry)) < place + 2)
        raise BadData(
            f"“{lost.filename}” is not in a class folder. Put the images of each class into a "
            "folder named after it, begin file names with the class (cat.0.jpg), or add a table "
            "(labels.csv) with file names and labels."
        )
    return place, divided


# --- By a table ---------------------------------------------------------------------------------


def column_of_names(schema: DetectedSchema, pictures: Entries, chosen: str) -> str:
    """The column of the table that names images: the chosen one, else the one with most of their
    names; empty if there is none. Raises BadData."""
    if chosen and schema.scan_of(chosen) is None:
        names = ", ".join(scan.name for scan in schema.scans[:20])
        raise BadData(f"No column “{chosen[:100]}” with file names. Columns: {names}.")
    if chosen:
        return chosen
    known = {key for entry in pictures for key in _keys(entry)}
    piece = next(iter(schema.table.pieces()))
    best, found = "", 0.0
    for name, cells in zip(schema.table.names, piece.columns, strict=True):
        texts = {text_of(cell).lower() for cell in cells if cell is not None}
        share = len(texts & known) / max(1, len(texts))
        if share > max(found, _MIN_MATCHES - 1e-9) and len(texts) > 1:
            best, found = name, share
    return best


def labels_by_table(
    schema: DetectedSchema, pictures: Entries, column: str, upload: Upload
) -> Labels:
    """The target's values for the images that the table names. Raises BadData."""
    targets = chosen_targets(schema, upload)
    target_columns = [scan.name for scan in targets.scans]
    if column in target_columns:
        raise BadData(f"The target “{column}” has the file names. Select another target.")
    auxiliary = auxiliary_columns(schema, upload, targets.scans)
    of_key, rows = _targets_of_keys(schema, column, targets, auxiliary)
    chosen, filters = _without_doubles(pictures, of_key, schema)
    labelled = [(e, of_key[key]) for e in chosen if (key := _key_in(e, of_key)) is not None]
    if not labelled:
        raise BadData(f"No image is named in the column “{column}”. Select another column.")
    used = {entry.filename for entry, _ in labelled}
    others = [(e.filename, "has no label in the table") for e in pictures if e.filename not in used]
    has_classes = targets.task.traits.has_classes
    numbers = [scan for scan in targets.scans if scan.is_numeric]
    texts = [scan for scan in (schema.scan_of(column),) if scan]
    if has_classes or targets.separator:
        texts += [scan for scan in targets.scans if not scan.is_numeric]
    beginning = reading_lines(schema, upload, numbers, texts)
    if targets.drops_missing or not targets.names:
        beginning.append(f"table = table.dropna(subset={target_columns!r})")
    beginning.append(f"keys = table[{column!r}].str.strip().str.lower()")
    beginning += (
        [*target_lines(targets, target_columns), "label_of = dict(zip(keys, y))"]
        if targets.names
        else [f"label_of = dict(zip(keys, table[{targets.name!r}]))"]
    )
    lines = [
        *filters,
        'full = "/".join(steps).lower()',
        "name = steps[-1].lower()",
        "keys = [full, name, full.rpartition('.')[0], name.rpartition('.')[0]]",
        "label = next((label_of[key] for key in keys if key in label_of), None)",
        "if label is None:",
        "    continue",
    ]
    missing = len(of_key) - len({_key_in(entry, of_key) for entry, _ in labelled})
    shown = joined_names(target_columns)
    notes = [f"Labels are “{shown}” of the rows whose “{column}” names an image."]
    if missing:
        notes.append(f"{missing:,} rows of the table name no image.")
    present = {label for _, label in labelled}
    classes = [name for name in targets.class_names if name in present]
    ending = _CLASSES if has_classes else ['y = np.array(labels, dtype="float32")']
    return Labels(
        labelled, targets.task, shown, beginning, lines, ending, others, notes,
        classes=classes, names=targets.names, auxiliary=auxiliary,
        rows={
            entry.filename: rows[key]
            for entry in chosen
            if (key := _key_in(entry, rows)) is not None
        },
    )  # fmt: skip


def _targets_of_keys(
    schema: DetectedSchema, column: str, targets: Targets, auxiliary: list[AuxiliaryColumn]
) -> tuple[dict[str, Label], dict[str, int]]:
    """The labels by what names the images, and which of the rows that were taken has it. Raises
    BadData for a name with several labels, groups, times or weights."""
    names = schema.table.names.index(column)
    found: dict[str, Label] = {}
    rows: dict[str, list[int]] = {}
    done = 0
    for piece in schema.table.pieces():
        values = targets.of(schema, piece)
        known = has_target(values) & np.array([cell is not None for cell in piece.columns[names]])
        for other in auxiliary:
            place = schema.table.names.index(other.name)
            other.take(piece.columns[place], known, piece.row)
        for cell, value, is_known in zip(piece.columns[names], values, known, strict=True):
            if not is_known:
                continue
            key = text_of(cell).lower()
            rows.setdefault(key, []).append(done)
            done += 1
            label: Label
            if targets.names:
                label = tuple(value.tolist())
            else:
                classes = targets.class_names
                label = classes[int(value)] if classes else float(value)
            if found.setdefault(key, label) != label:
                raise BadData(f"“{text_of(cell)[:100]}” has several labels in “{column}”.")
    repeated = {key: places for key, places in rows.items() if len(places) > 1}
    for other in auxiliary:
        # Put together each time that it is asked for.
        of_rows = other.values
        for key, places in repeated.items():
            if (of_rows[places] != of_rows[places[0]]).any():
                raise BadData(f"“{key[:100]}” has several values of “{other.name}”.")
    return found, {key: places[0] for key, places in rows.items()}


def _keys(entry: zipfile.ZipInfo) -> list[str]:
    """What may name an image: its path and its name, with and without the ending."""
    path = "/".join(steps_of(entry)).lower()
    name = path.rpartition("/")[2]
    return [path, name, path.rpartition(".")[0], name.rpartition(".")[0]]


def _key_in(entry: zipfile.ZipInfo, of_key: Mapping[str, Any]) -> str | None:
    return next((key for key in _keys(entry) if key in of_key), None)


def _without_doubles(
    pictures: Entries, of_key: dict[str, Label], schema: DetectedSchema
) -> tuple[Entries, list[str]]:
    """The images without those that only happen to be called as a row says: test/1.jpg beside
    train/1.jpg. The lines do the same to `steps`. Raises BadData for names that stay doubtful."""
    if not _doubles(pictures, of_key):
        return pictures, []
    file = (schema.opened.files or [""])[0]
    like = PurePosixPath(file.lower()).name.partition(".")[0]
    folders = {step.lower() for entry in pictures for step in steps_of(entry)[:-1]}
    if like in folders:
        kept = [e for e in pictures if like in map(str.lower, steps_of(e)[:-1])]
        lines = [f"if {like!r} not in [step.lower() for step in steps[:-1]]:", "    continue"]
    else:
        kept = [e for e in pictures if not _in_test(e)]
        lines = ["if any(step.lower().startswith('test') for step in steps[:-1]):", "    continue"]
    if doubles := _doubles(kept, of_key):
        shown = ", ".join(entry.filename for entry in doubles[:_MAX_NAMED])
        raise BadData(f"Several images have the same name: {shown}. Use paths in the table.")
    return kept, lines


def _in_test(entry: zipfile.ZipInfo) -> bool:
    return any(step.lower().startswith("test") for step in steps_of(entry)[:-1])


def _doubles(pictures: Entries, of_key: dict[str, Label]) -> list[zipfile.ZipInfo]:
    named: dict[str, list[zipfile.ZipInfo]] = defaultdict(list)
    for entry in pictures:
        if (key := _key_in(entry, of_key)) is not None:
            named[key].append(entry)
    return next((entries for entries in named.values() if len(entries) > 1), [])
