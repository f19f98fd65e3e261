"""Preparing a dataset, built-in or uploaded: arrays, profile and pictures, stored once."""

from pathlib import Path
from typing import Any

from django.conf import settings

from tuning.models import Dataset
from tuning.protocol.data_kinds import TEMPLATE_KINDS
from tuning.protocol.events import (
    BadEvent,
    Event,
    Failed,
    FoundArrays,
    Prepared,
    Progress,
    SchemaDetected,
)
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.names import one_line
from tuning.protocol.orders import PrepareOrder
from tuning.protocol.statuses import Status
from tuning.protocol.tasks import MAX_TARGETS, TASKS, TaskTraits
from tuning.protocol.uploads import Upload
from tuning.recording.recorder import LeaseLost
from tuning.splits import PARTS
from tuning.storage.stored import StoredFolder, bytes_of
from tuning.supervisor.arrays import arrays_of
from tuning.supervisor.files import folder_digest, store_folder
from tuning.supervisor.handover import hand_over
from tuning.supervisor.runners import Runner
from tuning.supervisor.tables import check_columns, schema_of
from tuning.supervisor.windows import check_windows

from .base import Assignment, Unstartable, failure_of

_UPLOADED = "upload"


class PreparationAssignment(Assignment):
    row: Dataset
    stall_limit = 120

    def start(self, runner: Runner) -> None:
        upload = self._hand_over(runner.folder) if self.row.is_upload else None
        runner.send(PrepareOrder(self.row.key, upload))

    def record(self, event: Event, runner: Runner) -> bool:
        match event:
            case Progress():
                self._update(progress_text=event.text[:200])
            case SchemaDetected():
                schema = schema_of(event, self.row.upload)
                return self._take_schema(schema, asks=not self.row.upload.get("target"))
            case FoundArrays():
                found = arrays_of(event, self.row.upload)
                asks = not (event.clear or self.row.upload.get("arrays"))
                return self._take_schema(found, asks=asks)
            case Prepared():
                self._store(runner.folder, event)
                return True
            case Failed():
                self.fail(failure_of(event), runner.log_tail())
                return True
        return False

    def _hand_over(self, folder: Path) -> Upload:
        """Lay the uploaded file into the runner's folder: a second name for it, not a copy."""
        target = folder / _UPLOADED
        try:
            hand_over(self.row.uploaded.fetch(self.heartbeat), target)
        except FileNotFoundError as error:
            message = "The uploaded file is missing. Upload it again."
            raise Unstartable(Failure(FailureCode.MISSING_FILE, message)) from error
        most_bytes = settings.RUNNER_FILE_SIZE_MB * 1024 * 1024
        return Upload(file=_UPLOADED, most_bytes=most_bytes, **self.row.upload)

    def _take_schema(self, schema: dict[str, Any], *, asks: bool) -> bool:
        """What was found in a table or among arrays. `asks`: a person has to choose now."""
        self.row.detected_schema = schema
        if not asks:
            self._update(detected_schema=schema)
            return False
        self._await_choices(detected_schema=schema)
        return True

    def _await_choices(self, **values: Any) -> None:
        self._must(self.rows.requeue(self.row.pk, self.row.attempt, requested=False, **values))

    def _store(self, root: Path, event: Prepared) -> None:
        facts = facts_of(event.profile) if self.row.is_upload else {}
        profile = with_clean_names(event.profile)
        digest = folder_digest(root / "prepared")
        folder = f"{self.row.key}-{digest[:16]}"
        stored = StoredFolder(Path(settings.DATASETS_ROOT) / folder, digest)
        store_folder(root, stored.place, "prepared", heartbeat=self.heartbeat)
        stored.keep(self.heartbeat)
        try:
            self._finish(
                Status.COMPLETED, folder=folder, sha256=digest, size=bytes_of(stored.place),
                profile=profile, **facts,
            )  # fmt: skip
        except LeaseLost:
            # Deleted meanwhile: no other attempt will point to the folder.
            if not Dataset.objects.filter(pk=self.row.pk).exists():
                stored.remove()
            raise

    def _finish(self, status: Status, **values: Any) -> None:
        if status == Status.FAILED and self.row.detected_schema and self.row.uploaded.exists():
            # Other choices may do, and the file is still there.
            self._await_choices(**values)
            return
        super()._finish(status, detected_schema={}, **values)
        if self.row.is_upload:
            self.row.uploaded.remove()


def facts_of(profile: dict[str, Any]) -> dict[str, str]:
    """Kind and task of an upload. The process that says so has read a stranger's file, and pages
    count on some of its words. Raises BadEvent."""
    kind, task = profile.get("kind"), profile.get("task")
    if kind not in TEMPLATE_KINDS or task not in TASKS:
        raise BadEvent("a profile of an unknown kind or task")
    traits = TASKS[task]
    numbers = [profile.get("rows"), *_list(profile, "input_shape")]
    numbers += _list(profile, "class_counts") if traits.has_classes else []
    if not all(type(number) is int and number > 0 for number in numbers):
        raise BadEvent("a profile with invalid counts")
    if traits.has_labels:
        _check_labels(profile)
    names = _list(profile, "class_names") if traits.has_classes else []
    if profile.get("target_names"):
        names += _list(profile, "target_names")
        if len(names) > MAX_TARGETS:
            raise BadEvent("a profile with too many targets")
    if not all(isinstance(name, str) for name in names):
        raise BadEvent("a profile with invalid names")
    if profile.get("parts"):
        _check_parts(profile, traits)
    if profile.get("windows"):
        check_windows(profile)
    check_columns(profile)
    return {"kind": kind, "task": task}


def with_clean_names(profile: dict[str, Any]) -> dict[str, Any]:
    """The profile with one line for the name of each class and target: the values of a file may
    have more."""
    named = {
        key: [one_line(str(name)) for name in profile[key]]
        for key in ("class_names", "target_names")
        if isinstance(profile.get(key), list)
    }
    return {**profile, **named}


def _check_labels(profile: dict[str, Any]) -> None:
    """Raises BadEvent."""
    counts, names = _list(profile, "label_counts"), _list(profile, "target_names")
    if not all(type(count) is int and 0 < count < profile["rows"] for count in counts):
        raise BadEvent("a profile with invalid counts")
    if len(counts) != len(names):
        raise BadEvent("a profile whose labels and counts differ")


def _check_parts(profile: dict[str, Any], task: TaskTraits) -> None:
    """The sizes of the parts that the data bring: pages reckon with them. Raises BadEvent."""
    parts = profile["parts"]
    if not isinstance(parts, dict) or parts.keys() != set(PARTS):
        raise BadEvent("a profile with invalid parts")
    sizes = list(parts.values())
    if not all(type(size) is int and size >= 0 for size in sizes) or sum(sizes) != profile["rows"]:
        raise BadEvent("a profile with parts of impossible sizes")
    if not task.has_classes:
        return
    counts = _list(profile, "train_class_counts")
    if not all(type(count) is int and count >= 0 for count in counts):
        raise BadEvent("a profile with invalid counts")
    if len(counts) != len(profile["class_counts"]) or sum(counts) != parts["train"]:
        raise BadEvent("a profile whose counts of classes do not add up")


def _list(profile: dict[str, Any], name: str) -> list[Any]:
    value = profile.get(name)
    if not isinstance(value, list) or not value:
        raise BadEvent(f"a profile without {name}")
    return value
