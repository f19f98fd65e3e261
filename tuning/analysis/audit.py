"""The audit log as its pages show it, as files, and as records of the API."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tuning.models import AuditEntry
from tuning.models.audit import AuditEntryQuerySet

from .exports import guarded

PAGE, BATCH = 50, 500
# Where a person acted from is for administrators of the site.
ORIGIN = ("address", "browser")
COLUMNS = (
    "id", "time", "person", "kind", "text", "team", "team_id", "project", "project_id", "subject",
    "subject_kind", "via", "token",
)  # fmt: skip


@dataclass(frozen=True)
class AuditPage:
    """`older` is where the next page begins; None on the last one."""

    entries: list[AuditEntry]
    older: int | None


def page_of(entries: AuditEntryQuerySet, before: int | None) -> AuditPage:
    """The newest entries, or those before the last one of another page."""
    rows = list((entries.filter(pk__lt=before) if before else entries)[: PAGE + 1])
    return AuditPage(rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None)


def record_of(entry: AuditEntry, with_origin: bool) -> dict[str, Any]:
    """With the `details` as they are, for programs."""
    return {**_row(entry, with_origin), "details": entry.details}


def csv_pieces(entries: AuditEntryQuerySet, with_origin: bool) -> Iterator[bytes]:
    yield _line(_names(with_origin))
    for entry in _batched(entries):
        yield _line(guarded(_text(value)) for value in _row(entry, with_origin).values())


def json_pieces(entries: AuditEntryQuerySet, with_origin: bool) -> Iterator[bytes]:
    for entry in _batched(entries):
        record = record_of(entry, with_origin)
        yield json.dumps(record, default=_text, ensure_ascii=False).encode() + b"\n"


@dataclass(frozen=True)
class Format:
    label: str
    ending: str
    content_type: str
    pieces: Callable[[AuditEntryQuerySet, bool], Iterator[bytes]]


FORMATS = {
    "csv": Format("CSV", "csv", "text/csv; charset=utf-8; header=present", csv_pieces),
    "jsonl": Format("JSON lines", "jsonl", "application/jsonl", json_pieces),
}


def _names(with_origin: bool) -> tuple[str, ...]:
    return (*COLUMNS, *(ORIGIN if with_origin else ()))


def _row(entry: AuditEntry, with_origin: bool) -> dict[str, Any]:
    own = {"time": entry.at, "text": entry.sentence}
    return {
        name: own[name] if name in own else getattr(entry, name) for name in _names(with_origin)
    }


def _batched(entries: AuditEntryQuerySet) -> Iterator[AuditEntry]:
    """Nothing is open in between, so that a slow download holds no transaction."""
    rows = list(entries[:BATCH])
    while rows:
        yield from rows
        rows = list(entries.filter(pk__lt=rows[-1].pk)[:BATCH])


def _text(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _line(values: Iterable[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().encode()
