"""From an uploaded file to its table: of compressed files and zips, what is read is unpacked into a
temporary folder, and never beyond the limit."""

import bz2
import gzip
import lzma
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any

from tuning.protocol.archives import MAX_RATIO
from tuning.protocol.events import MAX_NAME
from tuning.protocol.names import one_line
from tuning.protocol.uploads import (
    ALL_MEMBERS,
    COMPRESSED,
    HEADERS,
    JSON_LINES,
    MAX_MEMBERS,
    PARQUET,
    SPREADSHEET,
    TABLES,
    Upload,
    kind_of,
)
from tuning.runner.datasets.archives import is_table, open_archive, read_entry
from tuning.runner.datasets.parsed import Report
from tuning.runner.failures import BadData

from .dates import with_dates
from .joined import JoinedTable
from .json_lines import JsonLinesTable
from .source import Dialect, Table
from .text import TextTable

_CHUNK = 1 << 20
# A small file may have any ratio.
_HARMLESS_BYTES = 16 << 20
_MAX_MEMORY = 256 << 20
_WHOLE_NAMES = ("train", "training")
# Tables for tests, and examples of what to hand in.
_IS_OTHER = re.compile(r"^(test|sample)|submission", re.I)


@dataclass(frozen=True)
class Opened:
    """A table, the tables of the zip from which it was chosen, and which of them were read."""

    table: Table
    members: list[str]
    files: list[str]


@contextmanager
def opened_table(path: Path, upload: Upload, report: Report, least: int = 2) -> Iterator[Opened]:
    """The table of an upload that is one, or of a zip that holds some, with at least so many
    columns. Raises BadData."""
    if upload.header not in {"", *HEADERS}:
        raise BadData("The first row must be “yes” (column names) or “no” (data).")
    with ExitStack() as stack:
        name = tempfile.TemporaryDirectory(prefix="unpacked-", dir=path.parent)
        folder = Path(stack.enter_context(name))
        opener = _Opener(stack, upload.most_bytes, report, least)
        if upload.kind not in TABLES:
            opened = _from_zip(path, upload, folder, opener)
            yield replace(opened, table=with_dates(opened.table, upload))
            return
        if upload.name.lower().endswith(COMPRESSED):
            path = _decompressed(path, upload, folder / "table", report)
        table = opener.open(path, upload.name, _dialect(upload))
        yield Opened(with_dates(table, upload), [], [])


def has_tables(path: Path, most_bytes: int) -> bool:
    """Whether a zip holds tables. Raises BadData."""
    with open_archive(path, most_bytes) as archive:
        return bool(tables_in(archive))


def tables_in(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The entries of a zip that are tables."""
    return [entry for entry in archive.infolist() if _is_table(entry)]


def _is_table(entry: zipfile.ZipInfo) -> bool:
    name = entry.filename
    shown = name == one_line(name) and len(name) <= MAX_NAME
    return not entry.is_dir() and shown and is_table(name)


def _dialect(upload: Upload) -> Dialect:
    return Dialect(
        upload.encoding, upload.delimiter, upload.decimal, upload.header, upload.sheet,
        upload.member,
    )  # fmt: skip


@dataclass(frozen=True)
class _Opener:
    """Opens files that stay open until the stack ends."""

    stack: ExitStack
    most_bytes: int
    report: Report
    least: int

    def open(self, path: Path, name: str, dialect: Dialect) -> Table:
        kind = kind_of(name)
        if kind == PARQUET:
            # Only here, as the next ones: text needs none of it.
            from .parquet import ParquetTable

            return ParquetTable(path, self.most_bytes, self.report, self.least)
        if kind == SPREADSHEET:
            from .spreadsheet import SpreadsheetTable

            file = self.stack.enter_context(path.open("rb"))
            return SpreadsheetTable(file, path, dialect, self.most_bytes, self.report, self.least)
        if kind == JSON_LINES:
            return JsonLinesTable(path, self.report, self.least)
        return TextTable(
            path, dialect, self.report, tabs=".tsv" in name.lower()[-8:], least=self.least
        )


# --- Zips ---------------------------------------------------------------------------------------


def _from_zip(path: Path, upload: Upload, folder: Path, opener: _Opener) -> Opened:
    with open_archive(path, upload.most_bytes) as archive:
        entries = {entry.filename: entry for entry in tables_in(archive)}
        if not entries:
            raise BadData("The archive contains no tables.")
        names = list(entries)
        member = upload.member or _proposed(archive, entries)
        if member not in (*names, ALL_MEMBERS):
            shown = ", ".join(names[:20])
            raise BadData(f"The archive has no table “{member[:100]}”. Tables: {shown}.")
        files = names if member == ALL_MEMBERS else [member]
        unpacked = {
            file: _extracted(archive, entries[file], folder / f"table-{place}", opener.report)
            for place, file in enumerate(files)
        }
    dialect = _dialect(upload)
    tables: list[Table] = []
    for file, place in unpacked.items():
        try:
            tables.append(opener.open(place, file, dialect))
        except BadData as error:
            raise BadData(f"{file}: {error}") from error
        # All of them are read like the first.
        dialect = replace(tables[0].dialect)
    table = tables[0] if len(tables) == 1 else JoinedTable(tables, files)
    table.dialect.member = member
    return Opened(table, names[:MAX_MEMBERS], files)


def _proposed(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> str:
    """The only table, the one for training, all of them if they begin with the same line, else the
    largest."""
    names = list(entries)
    likely = [name for name in names if not _IS_OTHER.search(PurePosixPath(name).name)]
    if len(names) == 1 or len(likely) == 1:
        return (likely or names)[0]
    for name in names:
        if PurePosixPath(name.lower()).name.partition(".")[0] in _WHOLE_NAMES:
            return name
    kinds = {kind_of(name) for name in names}
    if len(kinds) == 1 and not kinds & {PARQUET, SPREADSHEET, JSON_LINES}:
        lines = {_first_line(archive, entry) for entry in entries.values()}
        if len(lines) == 1 and len(names) <= MAX_MEMBERS:
            return ALL_MEMBERS
    return max(likely or names, key=lambda name: entries[name].file_size)


def _first_line(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(entry) as file:
            return file.readline(_CHUNK).strip()
    except Exception as error:
        raise BadData(f"“{entry.filename}” is damaged in the archive.") from error


def _extracted(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, report: Report
) -> Path:
    done = 0
    try:
        with path.open("wb") as writer:
            for piece in read_entry(archive, entry):
                writer.write(piece)
                done += len(piece)
                report(f"Unpacking {entry.filename}", done / max(1, entry.file_size))
    except ValueError as error:
        raise BadData(f"“{entry.filename}” cannot be read: {error}.") from error
    return path


# --- Compressed files ---------------------------------------------------------------------------


def _decompressed(path: Path, upload: Upload, target: Path, report: Report) -> Path:
    """The contents of a compressed file; it is refused once they exceed the limit, or by far the
    size that such a file has in earnest."""
    stored, done = path.stat().st_size, 0
    with path.open("rb") as raw, target.open("wb") as writer:
        try:
            for piece in _unpacked(raw, upload.name.lower()):
                done += len(piece)
                if done > upload.most_bytes:
                    raise BadData(
                        "The unpacked file needs more than the limit of "
                        f"{upload.most_bytes / 2**20:,.0f} MB."
                    )
                if done > _HARMLESS_BYTES and done > MAX_RATIO * stored:
                    raise BadData(
                        f"The file unpacks to more than {MAX_RATIO} times its size, the limit."
                    )
                writer.write(piece)
                report(f"Unpacking {done / 2**20:,.0f} MB", 0)
        except (BadData, MemoryError):
            raise
        except (EOFError, OSError, ValueError, lzma.LZMAError) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise BadData(
                "The compressed file is damaged or its content does not match its extension."
            ) from error
        except Exception as error:
            raise BadData("The compressed file is damaged.") from error
    return target


def _unpacked(raw: IO[bytes], name: str) -> Iterator[bytes]:
    if name.endswith(".xz"):
        yield from _lzma_pieces(raw)
        return
    reader: Any = gzip.GzipFile(fileobj=raw) if name.endswith(".gz") else bz2.BZ2File(raw)
    with reader:
        while piece := reader.read(_CHUNK):
            yield piece


def _lzma_pieces(raw: IO[bytes]) -> Iterator[bytes]:
    """A file chooses how much memory unpacking it takes: no more than a limit."""
    unpacker = lzma.LZMADecompressor(memlimit=_MAX_MEMORY)
    while not unpacker.eof:
        data = raw.read(_CHUNK) if unpacker.needs_input else b""
        if unpacker.needs_input and not data:
            raise EOFError
        yield unpacker.decompress(data, _CHUNK)
    if raw.read(1):
        raise ValueError
