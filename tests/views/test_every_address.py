"""Every address of the site: viewers read whom to ask, reading writes nothing, pages have no inline
scripts, and no address loads TensorFlow. Who may use which: `test_permission_matrix.py`."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tuning import urls
from tuning.models import (
    Dataset,
    HyperModel,
    Team,
    Worker,
)

from .permissions import PERMISSIONS, Access

NAMES = [pattern.name for pattern in urls.urlpatterns]
# What members read, and the lists that everybody with an account has.
READABLE = {name for name in NAMES if PERMISSIONS[name] in (Access.ACCOUNTS, Access.MEMBERS)}
# How statements begin that change nothing.
READS = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")


@pytest.mark.slow
def test_viewers_change_nothing_and_read_whom_to_ask(
    address: Any, as_dora: Client, dataset: Dataset, hypermodel: HyperModel, team: Team
) -> None:
    # Of the team, in place of built-in ones.
    Dataset.objects.filter(pk=dataset.pk).update(team=team)
    HyperModel.objects.filter(pk=hypermodel.pk).update(team=team)
    for name, access in PERMISSIONS.items():
        if access in (Access.EDITORS, Access.OWNERS):
            answer = as_dora.post(address(name))
            if answer.status_code == 405:
                answer = as_dora.get(address(name))
            page = answer.content.decode()
            assert answer.status_code == 403, name
            role = "owner" if access == Access.OWNERS else "editor"
            assert f"Ask alice (owner) for the {role} role." in page or "Only " in page, name


@pytest.mark.slow
def test_reading_writes_nothing_and_pages_have_no_inline_scripts(
    address: Any, as_alice: Client, worker: Worker
) -> None:
    """But when the session was last used (BrowserSessionMiddleware), and who downloaded what."""
    as_alice.get(reverse("help-page"))
    for name in sorted(READABLE | {"search-create", "project-delete", "search-stop"}):
        url = address(name)
        with CaptureQueriesContext(connection) as queries:
            response = as_alice.get(url)
            if response.streaming:
                # To its end, which closes the file. `close()` would end PostgreSQL's connection.
                response.getvalue()
        written = [each["sql"] for each in queries if not each["sql"].startswith(READS)]
        noted = [sql for sql in written if "auditentry" in sql]
        assert [sql for sql in written if "browsersession" not in sql and sql not in noted] == []
        # The audit log has who downloaded what, and nothing else that is only read.
        is_download = "attachment" in response.get("Content-Disposition", "")
        assert len(noted) == is_download, name
        if response.get("Content-Type", "").startswith("text/html"):
            _has_no_inline_script(name, response.content.decode())


def _has_no_inline_script(name: str, page: str) -> None:
    assert " style=" not in page, name
    assert "<style" not in page, name
    sources = page.count("<script src=") + page.count('<script type="module" src=')
    assert page.count("<script") == sources, name
    assert "https://" not in page, f"{name} names another host"


def test_viewers_are_shown_no_buttons(address: Any, as_dora: Client) -> None:
    for name in (
        "project-detail",
        "search-detail",
        "search-settings",
        "trial-detail",
        "saved-model-detail",
    ):
        page = as_dora.get(address(name)).content.decode()
        # Signing out everywhere; a star and a comment are no changes.
        notes = {
            "search-detail": 1,
            "search-settings": 1,
            "trial-detail": 2,
            # Viewers may ask a model, too.
            "saved-model-detail": 1,
        }.get(name, 0)
        assert page.count("<form") == 1 + notes, name
        assert "Delete" not in page


@pytest.mark.slow
def test_the_site_never_loads_tensorflow() -> None:
    code = (
        "import django, sys; django.setup(); from django.urls import get_resolver;"
        "assert len(get_resolver().reverse_dict) > 20;"
        "print([name for name in ('tensorflow', 'keras', 'keras_tuner') if name in sys.modules])"
    )
    root = Path(__file__).parents[2]
    data = os.environ["TUNEROOM_DATA"]
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True,
        env={"DJANGO_SETTINGS_MODULE": "webapp.settings", "TUNEROOM_DATA": data},
    )  # fmt: skip
    assert result.stdout.strip() == "[]"
