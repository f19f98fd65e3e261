"""The trial table as a file: what `format=` in its address asks for."""

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from tuning.analysis.exports import trials_stem
from tuning.analysis.trials.exports import FORMATS, Rows
from tuning.analysis.trials.selection import Selection
from tuning.figures import in_words

from .audit import record_download
from .streams import Reader, pieces_for


def trial_export(request: HttpRequest, selection: Selection) -> HttpResponseBase:
    """The trials of this selection. A page leaves a filter out that makes no sense and says so; a
    file could not say it, and would hold more than was asked for."""
    format = FORMATS.get(request.GET.get("format", ""))
    if format is None:
        return _refused(f"Available formats: {in_words(list(FORMATS))}.")
    if selection.problems:
        return _refused("\n".join(selection.problems))
    # Whoever sees the project sees all its searches.
    reader = Reader(request, selection.scope.project)
    scope = selection.scope
    subject = scope.project if scope.is_project else scope.search
    record_download(request, "trials.export", subject, format=format.name)
    response = StreamingHttpResponse(
        pieces_for(reader, format.pieces(Rows(selection))), content_type=format.content_type
    )
    # Names are made of slugs and numbers, so they need no quoting. JSON opens in the browser.
    kind = "inline" if format.name == "json" else "attachment"
    name = f"{trials_stem(selection.scope)}.{format.ending}"
    response["Content-Disposition"] = f'{kind}; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _refused(reason: str) -> HttpResponse:
    return HttpResponseBadRequest(reason + "\n", content_type="text/plain; charset=utf-8")
