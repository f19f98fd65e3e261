"""Every address of the site: strangers find nothing, nobody gets in unasked, viewers change
nothing, and no address loads TensorFlow."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tuning import urls
from tuning.actions.partial_uploads import begin_upload
from tuning.models import (
    AccessToken,
    BrowserSession,
    Comment,
    Dataset,
    HyperModel,
    Invitation,
    Prediction,
    Project,
    SavedModel,
    SavedView,
    Search,
    SearchImport,
    Team,
    Trial,
    Worker,
)

from .addresses import addressed
from .evaluations import LINES, classification, evaluated, stored_images

# Anybody may open these: strangers with an invitation have no account yet.
OPEN = {"health", "invitation-open", "sign-up"}
# What everybody with an account sees: their own lists, and what is built in.
SHARED = {
    "project-list", "project-create", "dataset-list", "dataset-create", "dataset-detail",
    "dataset-live", "hypermodel-list", "hypermodel-detail", "hypermodel-create",
    "hypermodel-live", "hypermodel-diff", "team-list", "team-create", "worker-list",
    "mention-list", "help-page", "access-token-list", "profile", "session-list", "home-live",
    "palette", "api-reference", "api-document",
}  # fmt: skip
# Built-in datasets belong to everybody.
BUILT_IN = {"dataset-picture", "dataset-retry"}
# Everybody's own.
OWN = {"profile-theme", "session-end-others", "upload-create", "mention-seen"}
# What viewers may open.
READABLE = {
    "project-trials", "project-trial-columns", "project-trial-column", "project-views",
    "project-plot",
    "trial-columns", "trial-column", "view-list",
    "project-detail", "project-data", "project-models", "project-live", "search-detail",
    "search-settings",
    "search-live",
    "search-plots",
    "search-tensorboard",
    "trial-list", "trial-detail", "trial-live", "trial-plots", "saved-model-detail",
    "saved-model-live",
    "saved-model-evaluation", "saved-model-evaluation-live", "saved-model-compare",
    "saved-model-card",
    "saved-model-rows", "saved-model-picture",
    "saved-model-plots", "saved-model-download", "saved-model-bundle", "saved-model-file",
    "team-detail", "import-detail", "import-live",
    "search-plot", "trial-card",
    "project-activity", "search-comments", "trial-comments",
    "search-failures", "trial-compare", "trial-compare-live", "trial-compare-plots",
    "search-compare",
    "search-compare-live", "search-compare-plots",
}  # fmt: skip
# Old addresses, for those who may see where they lead.
MOVED = {"search-moved", "trial-moved", "saved-model-moved"}
# What viewers may do as well: they take part in the talk.
TALK = {
    "search-star", "trial-star", "search-preview", "trial-preview", "comment-detail",
    "trial-compare-remember",
    "saved-model-predict", "saved-model-predict-file", "project-models-compare",
}  # fmt: skip
# What editors may not do either.
OWNERS = {"team-name", "member-set", "invitation-create", "invitation-revoke"}
NAMES = [pattern.name for pattern in urls.urlpatterns]
# How statements begin that change nothing.
READS = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")
# Of rows that belong to a person and not to a team.
_OF_PERSONS = ("person-", "session-", "access-token-", "upload-", "prediction-")
PERSONAL = {name for name in NAMES if name.startswith(_OF_PERSONS)}
# Whatever else there is changes something.
CHANGES = sorted({*NAMES} - OPEN - SHARED - BUILT_IN - OWN - READABLE - MOVED - TALK - PERSONAL)


@pytest.fixture
def address(
    project: Project, search: Search, best: Trial, saved_model: SavedModel, team: Team,
    alice: User, dataset: Any, hypermodel: Any,
) -> Any:  # fmt: skip
    """A function: the address of a name, for the rows of alice's team."""
    view = SavedView.objects.create(project=project, owner=alice, name="Best", shared=True)
    rows = {
        "project": project, "search": search, "trial": best, "saved": saved_model,
        "prediction": Prediction.objects.create(
            saved_model=saved_model, created_by=alice, key="prediction-1", source="form"
        ),
        "access": AccessToken.objects.create(user=alice, name="laptop", digest="0"),
        "invitation": Invitation.objects.create(
            team=team, invited_by=alice, digest="0", expires_at=timezone.now() + timedelta(1)
        ),
        "session": BrowserSession.objects.create(user=alice, key="0", browser="Firefox"),
        "import": SearchImport.objects.create(project=project, key="import-1", name="a.zip"),
        "person": alice, "dataset": dataset, "hypermodel": hypermodel, "team": team, "view": view,
        "upload": begin_upload(alice, "data.csv", 10),
        "comment": Comment.objects.create(project=project, trial=best, author=alice, text="Hm."),
    }  # fmt: skip

    def of(name: str) -> str:
        if name == "saved-model-compare":
            return reverse(name, args=[saved_model])
        if name in ("search-create", "search-plan", "import-create") or "-compare" in name:
            return reverse(name, args=[project.pk])
        if name in ("trial-list", "trial-columns", "view-list"):
            return reverse(name, args=[search])
        if name == "search-plot":
            return reverse(name, args=[search, "history"])
        if name == "project-trial-column":
            return reverse(name, args=[project.pk, "score"])
        if name == "project-plot":
            return reverse(name, args=[project.pk, "history"])
        if name == "trial-column":
            return reverse(name, args=[search, "score"])
        if name == "upload-part":
            return reverse(name, args=[rows["upload"].pk, 0])
        if name in ("member-set", "invitation-create"):
            return reverse(name, args=[team.pk])
        if name == "member-remove":
            return reverse(name, args=[team.pk, alice.pk])
        if name == "invitation-open":
            return reverse(name, args=["x" * 43])
        if name in ("saved-model-rows", "saved-model-picture"):
            stored_images(saved_model, f"test-images-{os.getpid()}")
            evaluated(saved_model, classification(), LINES)
            return reverse(name, args=[saved_model, 7][: 1 + (name == "saved-model-picture")])
        if name == "saved-model-file":
            return reverse(name, args=[saved_model, "history.csv"])
        plain = {"health", "help-page", "profile", "home-live", "palette"} | OWN
        plain |= {"api-reference", "api-document"}
        if name.endswith(("-list", "-create")) or name in plain:
            return reverse(name)
        row = rows[name.split("-")[0]]
        by_key = name in MOVED or name == "trial-card"
        return reverse(name, args=[row.pk if by_key else addressed(row)])

    return of


def _status(client: Client, url: str) -> int:
    response = client.get(url)
    response.close()
    return response.status_code


def statuses(client: Client, url: str) -> tuple[int, int]:
    """Of the answers to GET and POST."""
    return _status(client, url), client.post(url).status_code


def is_not_there(found: tuple[int, int]) -> bool:
    return 404 in found and {*found} <= {404, 405}


# Who is refused changes nothing, so that the addresses of a test can share its rows.


def test_without_an_account_every_address_leads_to_the_sign_in_page(
    address: Any, client: Client
) -> None:
    for name in sorted({*NAMES} - OPEN):
        for response in (client.get(address(name)), client.post(address(name))):
            assert response.status_code == 302, name
            assert response["Location"].startswith(reverse("login")), name


def test_strangers_find_nothing(address: Any, as_charlie: Client) -> None:
    names = {*NAMES} - OPEN - SHARED - BUILT_IN - OWN
    found = {name: statuses(as_charlie, address(name)) for name in names}
    assert {name: them for name, them in found.items() if not is_not_there(them)} == {}


def test_viewers_may_look(address: Any, as_dora: Client) -> None:
    found = {name: _status(as_dora, address(name)) for name in READABLE}
    assert {name: status for name, status in found.items() if status not in (200, 204)} == {}


def test_viewers_change_nothing_and_read_whom_to_ask(
    address: Any, as_dora: Client, dataset: Dataset, hypermodel: HyperModel, team: Team
) -> None:
    # Of the team, in place of built-in ones.
    type(dataset).objects.filter(pk=dataset.pk).update(team=team)
    type(hypermodel).objects.filter(pk=hypermodel.pk).update(team=team)
    for name in CHANGES:
        answers = [as_dora.get(address(name)), as_dora.post(address(name))]
        assert {answer.status_code for answer in answers} <= {403, 405}, name
        refused = [answer.content.decode() for answer in answers if answer.status_code == 403]
        assert refused, name
        for page in refused:
            assert "Ask alice (owner) for the " in page or "Only " in page, name


def test_what_is_somebody_elses_own_is_not_there(address: Any, as_dora: Client) -> None:
    found = {name: statuses(as_dora, address(name)) for name in PERSONAL - SHARED - OWN}
    assert {name: them for name, them in found.items() if not is_not_there(them)} == {}


def test_only_administrators_see_the_people(address: Any, as_alice: Client) -> None:
    names = [name for name in NAMES if name.startswith("person-")]
    assert {statuses(as_alice, address(name)) for name in names} == {(404, 404)}


def test_only_owners_change_who_is_in_the_team(
    address: Any, as_bob: Client, as_dora: Client
) -> None:
    for name in sorted(OWNERS):
        for client in (as_bob, as_dora):
            response = client.post(address(name))
            assert response.status_code == 403, name
            assert "Ask alice (owner) for the owner role." in response.content.decode(), name


def test_members_reach_every_page(address: Any, as_bob: Client) -> None:
    found = {name: _status(as_bob, address(name)) for name in READABLE | SHARED}
    assert {name: status for name, status in found.items() if status not in (200, 204)} == {}


def test_reading_writes_nothing(address: Any, as_bob: Client) -> None:
    """But when the session was last used: see BrowserSessionMiddleware."""
    as_bob.get(reverse("help-page"))
    found = []
    for name in sorted(READABLE | SHARED | BUILT_IN):
        url = address(name)
        with CaptureQueriesContext(connection) as queries:
            _status(as_bob, url)
        written = [each["sql"] for each in queries if not each["sql"].startswith(READS)]
        found += [(name, sql) for sql in written if "browsersession" not in sql]
    assert found == []


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


def test_pages_have_no_inline_scripts_and_styles(
    address: Any, as_alice: Client, worker: Worker
) -> None:
    for name in sorted(READABLE | SHARED | {"search-create", "project-delete", "search-stop"}):
        response = as_alice.get(address(name))
        if response.streaming:
            # To its end, which closes the file. `close()` would end PostgreSQL's connection too.
            response.getvalue()
        if not response.get("Content-Type", "").startswith("text/html"):
            continue
        page = response.content.decode()
        assert " style=" not in page, name
        assert "<style" not in page, name
        assert page.count("<script") == page.count("<script src=") + page.count(
            '<script type="module" src='
        ), name
        assert "https://" not in page, f"{name} names another host"


def test_the_health_check_needs_no_account(client: Client, db: None) -> None:
    response = client.get(reverse("health"))
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


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
