"""One JSON document: which search, what was selected, the columns, and a record for each trial."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from .rows import Rows


def json_pieces(rows: Rows) -> Iterator[bytes]:
    names = rows.names
    yield f'{_text(_about(rows))[:-1]}, "rows": ['.encode()
    separator = "\n"
    for batch in rows.batches():
        records = [_text(dict(zip(names, row, strict=True))) for row in batch]
        if records:
            yield (separator + ",\n".join(records)).encode()
            separator = ",\n"
    yield b"\n]}\n"


def _about(rows: Rows) -> dict[str, Any]:
    selection = rows.selection
    search = selection.search
    about: dict[str, Any] = {
        "project": search.project.name,
        "objective": search.score_name,
        "direction": search.direction,
    }
    if search.has_several_objectives:
        about["objectives"] = [asdict(objective) for objective in search.objectives]
    if search.constraints:
        about["constraints"] = search.constraints
    if selection.scope.is_project:
        about["searches"] = [
            {"number": each.number, "name": each.name} for each in selection.scope.searches
        ]
    else:
        about |= {"number": search.number, "name": search.name}
    return {
        "project" if selection.scope.is_project else "search": about,
        "selection": {
            "sentence": selection.sentence,
            "query": selection.query(page=1),
            "trials": len(rows),
            "of": selection.total,
        },
        "columns": [
            {"key": name, "label": column.label, "group": column.group, "kind": column.kind}
            for name, column in zip(rows.names, rows.columns, strict=True)
        ],
    }


def _text(value: Any) -> str:
    # ASCII, so that whatever is in a name arrives as it is.
    return json.dumps(value, allow_nan=False)
