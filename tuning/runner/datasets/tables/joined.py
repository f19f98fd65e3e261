"""Several files with the same columns as one table."""

from collections.abc import Iterator

from tuning.runner.failures import BadData

from .source import Piece, Table


class JoinedTable:
    """The rows of one table after the other; `files` are their names. Raises BadData if their
    columns differ."""

    def __init__(self, tables: list[Table], files: list[str]) -> None:
        first = tables[0]
        self._tables, self._files = tables, files
        for table, file in zip(tables, files, strict=True):
            if table.names != first.names or table.unread.keys() != first.unread.keys():
                raise BadData(
                    f"“{file}” has other columns than “{files[0]}”. Choose one of the files."
                )
        self.kind, self.dialect, self.sheets = first.kind, first.dialect, first.sheets
        self.names, self.unread, self.renamed = first.names, first.unread, first.renamed

    @property
    def padded(self) -> bool:
        return any(table.padded for table in self._tables)

    @property
    def has_blank_rows(self) -> bool:
        return any(table.has_blank_rows for table in self._tables)

    def pieces(self) -> Iterator[Piece]:
        before = 0
        for table, file in zip(self._tables, self._files, strict=True):
            rows = 0
            try:
                for piece in table.pieces():
                    rows = piece.row - 1 + len(piece.columns[0])
                    yield Piece(before + piece.row, piece.columns)
            except BadData as error:
                raise BadData(f"{file}: {error}") from error
            before += rows
