"""Datasets and model templates that a command names: built-in ones by their key, own ones by the
path of a file, which passes the same forms as an upload in the browser."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.management.base import CommandError
from django.forms import BaseForm
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from tuning.actions.datasets import create_upload, delete_dataset, prepare_chosen
from tuning.actions.hypermodels import change_hypermodel, create_hypermodel
from tuning.actions.quotas import OverQuota
from tuning.forms.constants import constants_text
from tuning.forms.datasets import (
    UploadForm,
    has_no_room,
    largest_upload,
    no_room_text,
    too_large_text,
)
from tuning.forms.hypermodels import HyperModelForm
from tuning.models import Dataset, HyperModel, Team
from tuning.protocol.data_kinds import TEMPLATE_KINDS, DataKind
from tuning.protocol.names import one_line
from tuning.protocol.tasks import Task
from tuning.protocol.uploads import ARRAYS, AUTO_PIXELS, IMAGES, TABLES

from .table_options import ONLY_FOR, TABLE_OPTIONS

_OF_IMAGES = re.compile(r"\bConv2D|\bSeparableConv2D|Pooling2D\b|keras\.applications")
CHUNK = 1 << 20
_NAME = 80
# Fields of the forms whose option has another name.
ARRAY_OPTIONS = {
    "x_train": "x", "y_train": "y", "x_val": "x-val", "y_val": "y-val", "x_test": "x-test",
    "y_test": "y-test",
}  # fmt: skip
OPTIONS = {"file": "dataset", "side": "image-size", "code": "template"}


def _option_of(field: str) -> str:
    return {**OPTIONS, **ARRAY_OPTIONS, **TABLE_OPTIONS}.get(field, field)


def refuse(form: BaseForm, options: dict[str, str] = OPTIONS) -> None:
    """Raises CommandError with all that the form has to say, if it has anything to."""
    lines = [
        # Of the form as a whole, the error is a sentence by itself.
        str(error) if name == NON_FIELD_ERRORS else f"--{_option(name, options)}: {error}"
        for name, errors in form.errors.items()
        for error in errors
    ]
    if lines:
        raise CommandError("\n".join(lines))


def find_dataset(
    text: str,
    user: Any,
    team: Team,
    choices: dict[str, Any],
    arrays: dict[str, str] | None = None,
    table: dict[str, Any] | None = None,
    auxiliary: dict[str, str] | None = None,
    *,
    pixels: bool = False,
) -> Dataset:
    """A built-in dataset, or the file's: made now, unless the team has just this one already.
    `choices` are the fields of the upload form, `arrays` the names of arrays by ARRAY_ROLES,
    `table` what `table_choices` makes of the options, `auxiliary` the types of columns that a
    file's rows are divided by or weighted with, unless they have one. `pixels`: columns that are
    pixels by their names become images."""
    known = Dataset.objects.filter(team__isnull=True)
    dataset = known.filter(key=text).first()
    if dataset is not None:
        all_choices = {**choices, **(arrays or {}), **(table or {})}
        if all_choices.get("task") == Task.RECONSTRUCTION:
            # The project's.
            del all_choices["task"]
        if given := [name for name, value in all_choices.items() if value]:
            option = _option_of(given[0])
            raise CommandError(f"--{option} is only for files, but {text} is built in.")
        return dataset
    path = _path(text, "dataset", known.values_list("key", flat=True))
    if path.stat().st_size > largest_upload():
        raise CommandError(f"--dataset: {too_large_text()}")
    with _copied(path) as (file, digest):
        data = {"name": one_line(path.name)[:_NAME], "team": team.pk, **choices}
        form = UploadForm(data, MultiValueDict({"file": [file]}), user=user, team=team)
        refuse(form)
        upload = form.upload()
        if arrays and upload["kind"] != ARRAYS:
            raise CommandError(f"--{ARRAY_OPTIONS[next(iter(arrays))]} is only for .npz files.")
        if arrays:
            upload["arrays"] = arrays
        # Arrays have a task, too.
        for_tables = [name for name in table or {} if name != "task" or upload["kind"] != ARRAYS]
        if for_tables and upload["kind"] not in (*TABLES, IMAGES):
            raise CommandError(f"--{_option_of(for_tables[0])} is only for tables.")
        for name, (kinds, files) in ONLY_FOR.items():
            if (table or {}).get(name) and upload["kind"] not in kinds:
                raise CommandError(f"--{_option_of(name)} is only for {files} files.")
        if pixels and upload["kind"] in TABLES:
            upload["pixels"] = AUTO_PIXELS
        upload |= table or {}
        if auxiliary and upload["kind"] in (*TABLES, IMAGES):
            upload["types"] = {**auxiliary, **upload.get("types", {})}
        if ready := _prepared(team, digest, upload):
            return ready
        row = form.save(commit=False)
        row.upload_sha256 = digest
        try:
            return create_upload(row, Path(file.temporary_file_path()), upload)
        except OverQuota as error:
            raise CommandError(str(error)) from error


def lacks_target(dataset: Dataset) -> bool:
    """Whether it is a table whose columns are known now, and nobody said which one to predict."""
    reconstructs = dataset.upload.get("task") == Task.RECONSTRUCTION
    named = dataset.upload.get("target") or dataset.failure_message or reconstructs
    return dataset.is_table and dataset.awaits_choices and not named


def predict_guessed(dataset: Dataset) -> tuple[Dataset, str]:
    """Have the target that schema detection guessed predicted, with a line that says so. The team
    may have just this dataset already; then the new one goes."""
    target, reason = (dataset.detected_schema[key] for key in ("target", "target_reason"))
    line = f"Target: {target}. {reason} Use --target for another column."
    team, digest = dataset.team, dataset.upload_sha256
    if team and (ready := _prepared(team, digest, {**dataset.upload, "target": target})):
        delete_dataset(dataset)
        return ready, line
    prepare_chosen(dataset, {"target": target})
    return dataset, line


def _prepared(team: Team, digest: str, upload: dict[str, Any]) -> Dataset | None:
    """The team's dataset of this file, read in this way, if it has one."""
    same = Dataset.objects.filter(team=team, upload=upload, upload_sha256=digest)
    return same.exclude(folder="").first()


def is_for_images(template: HyperModel) -> bool:
    """Whether a template is made for images, or has layers that need some."""
    return template.kinds == [DataKind.IMAGE] or bool(_OF_IMAGES.search(template.code))


def find_template(text: str, user: Any, team: Team, constants: list[str]) -> HyperModel:
    """A built-in template, or the file's, which becomes the team's template of that name; changed
    code or constants (`name=value`, if there are any) are its next version."""
    known = HyperModel.objects.current().filter(team__isnull=True)
    template = known.filter(key=text).first()
    if template is not None and constants:
        raise CommandError(f"--constant is only for files, but {text} is built in.")
    if template is not None:
        return template
    path = _path(text, "template", known.values_list("key", flat=True))
    name = one_line(path.stem)[:_NAME]
    current = HyperModel.objects.current().filter(team=team, name=name).first()
    data = QueryDict(mutable=True)
    data.update({"name": name, "team": str(team.pk), "code": "", "constants": "\n".join(constants)})
    if current:
        # What is not said again stays.
        kept = "\n".join(constants) or constants_text(current.constants)
        data.update({"description": current.description, "constants": kept})
    data.setlist("kinds", current.kinds if current else list(TEMPLATE_KINDS))
    with path.open("rb") as reader:
        file = UploadedFile(reader, path.name, size=path.stat().st_size)
        files = MultiValueDict({"file": [file]})
        form = HyperModelForm(data, files, user=user, team=team, instance=current)
        refuse(form, {"file": "template", "code": "template", "constants": "constant"})
    if current is not None:
        return change_hypermodel(user, current, form.cleaned_data)
    row = form.save(commit=False)
    row.code = form.cleaned_data["code"]
    row.constants = form.cleaned_data["constants"]
    return create_hypermodel(user, row)


def _path(text: str, what: str, keys: Any) -> Path:
    path = Path(text).expanduser()
    if path.is_file():
        return path
    if path.suffix or len(path.parts) > 1:
        raise CommandError(f"No such file: {text}.")
    raise CommandError(f"Unknown {what} {text!r}. Available: {', '.join(keys)}.")


def _option(field: str, options: dict[str, str]) -> str:
    return options.get(field, field.replace("_", "-"))


@contextmanager
def _copied(path: Path) -> Iterator[tuple[TemporaryUploadedFile, str]]:
    """The file as an upload would have left it, and its SHA-256. Removed if nobody takes it."""
    digest = hashlib.sha256()
    size = path.stat().st_size
    if has_no_room(str(size)):
        raise CommandError(f"--dataset: {no_room_text()}")
    copy = TemporaryUploadedFile(path.name, "application/octet-stream", size, None)
    with copy:
        with path.open("rb") as reader:
            while piece := reader.read(CHUNK):
                digest.update(piece)
                copy.write(piece)
        copy.flush()
        yield copy, digest.hexdigest()
