"""From an uploaded file to a prepared dataset. The file is a stranger's: whatever is wrong with it
ends as BadData with one sentence, never as a traceback."""

import errno
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tuning.protocol.catalogue import CatalogueEntry
from tuning.protocol.data_kinds import Display, kind_of_rows
from tuning.protocol.events import Event, Progress, SchemaDetected
from tuning.protocol.tasks import Task
from tuning.protocol.uploads import ARRAYS, FOLDERS, IMAGES, INPUTS, Upload
from tuning.runner.failures import BadData, WorkFailed
from tuning.splits.stored import auxiliary_file

from .archives import kind_of_contents
from .arrays import find_arrays, read_arrays
from .image_labels import (
    column_of_names,
    has_class_folders,
    labels_by_table,
    without_labels,
)
from .images import pictures_in, read_images
from .parsed import Parsed, Report, part_facts
from .pictures import draw_thumbnails
from .profile import for_pages, profile_of
from .tables.opening import has_tables, opened_table
from .tables.pixels import find_pixels, pixels_of, read_pixels, text_of_shape
from .tables.prepare import read_table
from .tables.schema_detection import DetectedSchema, detect_schema, schema_event
from .tables.windows import read_windows

_PROGRESS_SECONDS = 0.5
_MAX_NAMED = 100


def prepare_upload(
    key: str, upload: Upload, folder: Path, send: Callable[[Event], None]
) -> dict[str, Any] | None:
    """Write x.npy, y.npy, meta.json and, where there are any, parts.npy and thumbnails.png into
    `folder`, which is made. Returns the profile. Tables and arrays are looked at first, and what
    was found is sent; if a person has to choose then, that is all, and None is returned. Raises
    BadData."""
    folder.mkdir()
    report = _reporter(send)
    try:
        parsed = _read(upload, folder, report, send)
        if parsed is None:
            return None
        send(Progress("Counting and drawing"))
        return _finish(key, upload, parsed, folder)
    except (WorkFailed, MemoryError):
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise BadData("The unpacked file does not fit on the worker's disk.") from error
        raise BadData(f"The file could not be read: {error}.") from error
    except Exception as error:
        # A case that the readers do not know. Its traceback helps to teach them.
        raise BadData(f"The file could not be read: {type(error).__name__}, {error}.") from error


def _read(
    upload: Upload, folder: Path, report: Report, send: Callable[[Event], None]
) -> Parsed | None:
    path = Path(upload.file)
    kind = kind_of_contents(path, upload)
    if kind == ARRAYS:
        found = find_arrays(path, upload)
        send(found)
        roles = upload.arrays or (found.roles if found.clear else {})
        if not upload.arrays and roles and not set(roles) - set(INPUTS):
            upload = replace(upload, task=Task.RECONSTRUCTION)
        if reconstructs(upload):
            roles = {role: name for role, name in roles.items() if role in INPUTS}
        return read_arrays(path, upload, roles, folder, report) if roles else None
    if kind == IMAGES:
        return _read_images(path, upload, folder, report, send)
    with opened_table(path, upload, report) as opened:
        schema = detect_schema(opened, upload)
        send(_with_pixels(schema_event(schema), schema))
        if not upload.target and not reconstructs(upload):
            return None
        if upload.look_back:
            return read_windows(schema, upload, folder, report)
        if pixels := pixels_of(schema, upload):
            return read_pixels(schema, replace(upload, pixels=pixels), folder, report)
        return read_table(schema, upload, folder, report)


def _with_pixels(event: SchemaDetected, schema: DetectedSchema) -> SchemaDetected:
    """The event with the columns that may be the pixels of images."""
    pixels = find_pixels(schema)
    if pixels is None:
        return event
    names = f"{pixels.names[0]} to {pixels.names[-1]}"
    shape = text_of_shape(pixels.shape) if pixels.shape else ""
    return replace(event, pixels=shape, pixel_columns=names, pixels_clear=pixels.clear)


def _read_images(
    path: Path, upload: Upload, folder: Path, report: Report, send: Callable[[Event], None]
) -> Parsed | None:
    """By a table in the archive that names them, if there is one, else by folders and names."""
    pictures = pictures_in(path, upload.most_bytes)
    if reconstructs(upload):
        return read_images(path, upload, folder, report, without_labels(pictures))
    if upload.member == FOLDERS or not has_tables(path, upload.most_bytes):
        return read_images(path, upload, folder, report)
    folders = has_class_folders(pictures)
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(opened_table(path, upload, report))
            schema = detect_schema(opened, upload)
        except BadData:
            # Nobody asked for a table that lies beside images in class folders.
            if not folders or upload.target:
                raise
            return read_images(path, upload, folder, report)
        column = column_of_names(schema, pictures, upload.file_names)
        if not column:
            return read_images(path, upload, folder, report)
        send(replace(schema_event(schema, column), folders=folders))
        if not upload.target:
            return None
        labels = labels_by_table(schema, pictures, column, upload)
        return read_images(path, upload, folder, report, labels)


def reconstructs(upload: Upload) -> bool:
    """Whether the rows are to have no targets."""
    return upload.task == Task.RECONSTRUCTION


def _reporter(send: Callable[[Event], None]) -> Report:
    """Progress, but not for every image: each report is a write to the database."""
    last = 0.0

    def report(text: str, done: float) -> None:
        nonlocal last
        if time.monotonic() > last + _PROGRESS_SECONDS:
            last = time.monotonic()
            send(Progress(text, done))

    return report


def _finish(key: str, upload: Upload, parsed: Parsed, folder: Path) -> dict[str, Any]:
    entry = CatalogueEntry(key, upload.name, "", "upload", parsed.kind, parsed.task, "")
    source = parsed.source
    profile = profile_of(entry, source, parsed.columns)
    profile |= {
        "notes": parsed.notes,
        "dropped_count": len(parsed.dropped),
        "dropped": [
            {"name": name[:200], "reason": reason} for name, reason in parsed.dropped[:_MAX_NAMED]
        ],
    }
    if parsed.windows:
        profile["windows"] = parsed.windows
        if several := profile.get("target_histograms"):
            # The steps of a horizon hardly differ.
            profile["target_histograms"] = several[:: parsed.windows["horizon"]]
    if parsed.header == "no":
        profile["header"] = parsed.header
    if kind_of_rows(profile).traits.display == Display.PICTURE:
        profile["thumbnails"] = draw_thumbnails(source.x, source.y, folder / "thumbnails.png")
    if parsed.parts is not None:
        classes = source.y if Task(parsed.task).traits.has_classes else None
        profile |= part_facts(parsed.parts, classes)
        np.save(folder / "parts.npy", parsed.parts, allow_pickle=False)
    if parsed.auxiliary:
        profile["auxiliary"] = [described for described, _ in parsed.auxiliary]
    for place, (_, values) in enumerate(parsed.auxiliary):
        np.save(auxiliary_file(folder, place), values, allow_pickle=False)
    np.save(folder / "y.npy", source.y, allow_pickle=False)
    (folder / "meta.json").write_text(json.dumps(profile, indent=1, allow_nan=False), "utf-8")
    return for_pages(profile)
