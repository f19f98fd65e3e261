"""A search for TensorBoard."""

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from tuning.analysis.tensorboard.log_folder import file_name, log_folder
from tuning.models import Search
from tuning.models.addresses import SearchNumbers

from .access import visible_or_404
from .audit import record_download
from .streams import Reader, pieces_for


@require_GET
def search_tensorboard(request: HttpRequest, at: SearchNumbers) -> StreamingHttpResponse:
    """The log folder as a zip archive."""
    searches = Search.objects.select_related("project").defer("oracle_state")
    search = visible_or_404(request, searches, at)
    record_download(request, "trials.export", search, format="TensorBoard")
    pieces = pieces_for(Reader(request, search), log_folder(search))
    response = StreamingHttpResponse(pieces, content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(True, file_name(search))
    response["Cache-Control"] = "private, no-store"
    return response
