"""Which hyperparameters decide about the score. A worker computes it and the row keeps it."""

import hashlib
from typing import Any
from urllib.parse import urlencode

from tuning.analysis.studies import DEFAULT_METHOD, METHODS, RELIABLE_TRIALS
from tuning.analysis.trials.selection import Selection
from tuning.figures import counted
from tuning.models import Importances, Search, Worker
from tuning.protocol.measured import label_of

from .given import Given, Option
from .points import rounded

METHOD = Option(
    "method", "Method", "choice", choices=tuple((m.name, m.caption) for m in METHODS.values())
)


OBJECTIVE = Option("objective", "Objective", "choice")


def importances_query(selection: Selection) -> str:
    """What decides about the result: the filters, whose stars they mean, and the method."""
    personal = any(item.key == "stars__by" and item.value == "me" for item in selection.filters)
    query = selection.filter_query + (f"&user={selection.user.pk}" if personal else "")
    if selection.scope.is_project:
        query += f"&{urlencode({'project': selection.scope.objective})}"
    place = objective_of(selection)
    # Earlier results are of the first one.
    of = f"&objective={place}" if place else ""
    return f"{query}&method={method_of(selection)}{of}"


def objective_of(selection: Selection) -> int:
    """The place of the objective whose importances are asked for, from 0."""
    text = Given(selection, "importances").text(OBJECTIVE.name)
    return place_of(text, selection.search)


def place_of(text: str, search: Search) -> int:
    place = int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else 0
    return place if place < len(search.objectives) else 0


def method_of(selection: Selection) -> str:
    method = Given(selection, "importances").text(METHOD.name)
    return method if method in METHODS else DEFAULT_METHOD


def importances_of(selection: Selection) -> Importances | None:
    key = importances_key(importances_query(selection))
    return Importances.objects.filter(search=selection.scope.search, key=key).first()


def importances_key(query: str) -> str:
    return hashlib.sha256(query.encode()).hexdigest()


def importances_info(selection: Selection, _given: Given) -> dict[str, Any]:
    """`families` are as tuning.analysis.studies found them; `waiting` tells that newer ones are on
    their way."""
    row = importances_of(selection)
    result = row.result if row else {}
    waiting = row is None or row.requested_revision > row.for_revision
    families = [
        {**family, "shares": [rounded(share) for share in family["shares"]]}
        for family in result.get("families", [])
    ]
    return {
        "pk": [],
        "number": [],
        "total": result.get("trials", 0),
        "note": _note(result, row.message if row else "", waiting),
        "objective": _names(selection.search)[objective_of(selection)],
        "families": families,
        "waiting": waiting,
        "sampled": result.get("sampled", False),
        "used": {
            METHOD.name: [method_of(selection)],
            OBJECTIVE.name: [str(objective_of(selection))],
        },
        "choices": {
            OBJECTIVE.name: [(str(n), name) for n, name in enumerate(_names(selection.search))]
        },
    }


def _names(search: Search) -> list[str]:
    return [search.score_name, *(label_of(each.name) for each in search.objectives[1:])]


def _note(result: dict[str, Any], message: str, waiting: bool) -> str:
    parts = []
    if result.get("families"):
        trials = counted(result["trials"], "completed trial")
        of = f" (a sample of {result['of']:,})" if result.get("of", 0) > result["trials"] else ""
        method = METHODS[result["method"]].caption
        parts.append(f"{method} over {trials}{of}.")
        if result["trials"] < RELIABLE_TRIALS:
            parts.append(f"Importances are not reliable with fewer than {RELIABLE_TRIALS} trials.")
    if not waiting:
        return " ".join([*parts, message]).strip()
    if Worker.objects.available().exists():
        parts.append("A worker is updating them." if parts else "A worker is computing them.")
    else:
        parts.append("No worker is available. They are computed when one is.")
    return " ".join(parts)
