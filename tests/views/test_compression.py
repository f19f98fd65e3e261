"""What the site sends is compressed where that helps, and only there."""

import gzip

from django.test import Client
from django.urls import reverse

from tuning.models import SavedModel, Search

ACCEPTS = {"Accept-Encoding": "gzip"}


def test_pages_are_compressed(as_dora: Client, search: Search) -> None:
    url = reverse("trial-list", args=[search])
    response = as_dora.get(url, headers=ACCEPTS)
    assert response.headers["Content-Encoding"] == "gzip"
    assert b"</html>" in gzip.decompress(response.content)
    assert len(response.content) < len(as_dora.get(url).content) / 2


def test_downloads_stay_as_they_are(as_dora: Client, saved_model: SavedModel) -> None:
    url = reverse("saved-model-download", args=[saved_model])
    response = as_dora.get(url, headers=ACCEPTS)
    assert "Content-Encoding" not in response.headers
    assert response.headers["Content-Length"] == "1000"
    response.close()
