"""Confirmations: the top trials of a search run again with other seeds."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from tuning.actions.confirmations import confirm
from tuning.analysis.confirmation import Confirmation, Confirmed, confirmations_on, refusal
from tuning.forms.confirmations import ConfirmationForm

from . import rows
from .bodies import body_of, checked
from .problems import Problem
from .reading import search_of
from .schemas import ConfirmationOut, SearchDetail
from .searches import detail_of

router = Router(tags=["Searches"])

_SEARCH = "/projects/{number:project}/searches/{number:search}"
ConfirmationIn = body_of("ConfirmationIn", ConfirmationForm.base_fields)


@router.get(_SEARCH + "/confirmations", response=list[ConfirmationOut])
def list_confirmations(request: HttpRequest, project: int, search: int) -> Any:
    """What came of confirming the top trials of a search, the latest first; of a search that is a
    confirmation, its own result."""
    return [
        _result(request, each) for each in confirmations_on(search_of(request, project, search))
    ]


@router.post(_SEARCH + "/confirmations", response={201: SearchDetail})
def confirm_search(request: HttpRequest, project: int, search: int, body: ConfirmationIn) -> Any:
    """Run the `top` trials of a search again, each `runs` times with other seeds, or in so many
    other folds. The answer is the new search."""
    row = search_of(request, project, search, edit=True)
    if refused := refusal(row):
        raise Problem(409, refused)
    form = checked(lambda data, _: ConfirmationForm(data, search=row), body.given)
    made = confirm(request.user, row, form.trials, form.chosen_runs)
    return Status(201, detail_of(request, made))


def _result(request: HttpRequest, found: Confirmation) -> dict[str, Any]:
    suggested = found.suggested and found.suggested.trial
    return {
        "search": found.search.number,
        "status": found.search.status,
        "left": found.left,
        "rows": [_row(row) for row in found.rows],
        "suggested": suggested and suggested.number,
        "sentence": found.sentence,
        "url": rows.page_url(request, "search-detail", found.search),
    }


def _row(row: Confirmed) -> dict[str, Any]:
    return {
        "trial": row.trial and row.trial.number,
        "again": row.again.number,
        "mean": row.spread and row.spread.mean,
        "deviation": row.spread and rows.finite(row.spread.deviation),
        "runs": row.spread.count if row.spread else 0,
        "verdict": row.verdict.value,
        "p": row.p,
    }
