"""Every operation of the API: nobody gets in without a token, strangers find nothing, viewers and
tokens that read change nothing, and addresses that there are not are problems as well."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from tuning.api.site import document, urlpatterns
from tuning.models import (
    Comment,
    Dataset,
    HyperModel,
    Project,
    Role,
    SavedModel,
    Scope,
    Search,
    Team,
    Webhook,
    Worker,
)
from tuning.recording import announcing

from .conftest import Caller, rows_of_alice

OPERATIONS = {
    operation["operationId"]: (method.upper(), path)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
}
# What everybody with an account sees: their own lists, and what is built in.
SHARED = {
    "show_me", "list_projects", "list_datasets", "list_templates", "list_teams", "show_queue",
    "list_workers", "list_notifications", "read_notifications",
    "create_project", "create_dataset", "create_template", "create_team", "begin_upload",
    "show_notification_settings", "change_notification_settings",
}  # fmt: skip
# What is one person's: alice's here.
PERSONAL = {
    "show_prediction", "download_prediction", "show_dry_run", "show_upload", "send_part",
    "discard_upload", "show_prediction_picture", "show_prediction_reconstruction",
}  # fmt: skip
# What is for owners alone, with tokens that manage teams. Members leave by themselves.
OWNERS = {
    "move_project", "change_team", "hand_over_team", "remove_member", "set_member",
    "team_audit_log", "list_invitations", "create_invitation", "revoke_invitation",
}  # fmt: skip
# What only editors and owners read: addresses of webhooks may be secrets.
EDITORS_READ = {"list_webhooks", "show_webhook", "list_deliveries"}
# What viewers may do as well: they ask models, and take part in the talk.
ASKING = {"predict_rows", "predict_file"}
TALK = {
    "read_notifications", "change_notification_settings", "change_project_notification_settings",
    "comment_search", "comment_trial", "star_search", "star_trial", "unstar_search", "unstar_trial",
}  # fmt: skip
# For administrators of the site, whatever teams they are in.
GALLERY = {"publish_dataset", "publish_template", "unpublish_dataset", "unpublish_template"}
ADMINISTRATORS_READ = {"site_audit_log", "list_quotas", "show_disk"}
# There is nothing there for anybody else.
ADMINISTRATORS_ALONE = {"change_quotas", "free_disk", "list_quotas", "show_disk", *GALLERY}
ADMINISTRATION = {"change_worker", *ADMINISTRATORS_READ, *ADMINISTRATORS_ALONE}
READING = {name for name, (method, _) in OPERATIONS.items() if method == "GET"}
READING -= OWNERS | ADMINISTRATION
CHANGES = {*OPERATIONS} - READING - ADMINISTRATORS_READ


def _webhook(project: Project) -> dict[str, Any]:
    webhook = Webhook.objects.create(team=project.team, url="https://hooks.example/")
    announcing.test(webhook, project.created_by)
    return {"webhook": webhook.pk, "delivery": webhook.deliveries.get().pk}


@pytest.fixture
def address(saved_model: SavedModel, project: Project, search: Search, worker: Worker) -> Any:
    """A function: the method and the address of an operation, for the rows of alice's team."""
    rows = {
        "project": project.pk, "search": search.number, "trial": 3, "model": saved_model.number,
        "dataset": project.dataset_id, "template": project.hypermodel_id,
        **_webhook(project),
        "worker": worker.pk, "team": project.team_id, "username": "alice", "name": "uploads",
        **rows_of_alice(project, saved_model),
        "comment": Comment.objects.create(
            project=project, search=search, author=project.created_by, text="Hm."
        ).pk,
    }  # fmt: skip
    # Of the team, in place of built-in ones.
    Dataset.objects.filter(pk=project.dataset_id).update(team=project.team)
    HyperModel.objects.filter(pk=project.hypermodel_id).update(team=project.team)

    def of(name: str) -> tuple[str, str]:
        method, path = OPERATIONS[name]
        path = path.removeprefix("/api/v1/").format(**rows)
        return method, path + ("?format=csv" if path.endswith("/export") else "")

    return of


def statuses(caller: Caller, address: Any, names: set[str]) -> dict[str, int]:
    found = {}
    for name in sorted(names):
        answer = caller(*address(name), {})
        if answer.status_code >= 400:
            assert answer["Content-Type"] == "application/problem+json", name
            assert answer.json()["detail"], name
        answer.close()
        found[name] = answer.status_code
    return found


def test_without_a_token_nothing_is_answered(address: Any, as_alice: Any) -> None:
    nobody = Caller(None)
    nobody.client = as_alice
    assert {*statuses(nobody, address, {*OPERATIONS}).values()} == {401}


def test_every_address_is_an_operation() -> None:
    names = {pattern.name for pattern in urlpatterns}
    assert names - {"api-nothing", "openapi", "trial-export"} <= {*OPERATIONS}


@pytest.mark.slow
def test_strangers_find_nothing(address: Any, charlie_calls: Caller) -> None:
    """The owner of another team, who is in no team, and an administrator of the site."""
    nobody, administrator = User.objects.create_user("eve"), User.objects.create_superuser("erin")
    for caller in (charlie_calls, Caller(nobody), Caller(administrator)):
        found = statuses(caller, address, {*OPERATIONS} - SHARED - ADMINISTRATION)
        assert {name: status for name, status in found.items() if status != 404} == {}


@pytest.mark.slow
@pytest.mark.parametrize("role", ["bob", "alice"])
def test_editors_and_owners_are_refused_nothing(address: Any, role: str, request: Any) -> None:
    caller = Caller(request.getfixturevalue(role))
    # Last: what it removes from the disk is not rolled back.
    names = [*sorted({*OPERATIONS} - ADMINISTRATION - {"discard_upload"}), "discard_upload"]
    for name in names:
        with transaction.atomic():
            answer = caller(*address(name), {})
            answer.close()
            transaction.set_rollback(True)
        # A comment is its author's, a team its owners'.
        of_alice = name.endswith("_comment") or name in OWNERS | PERSONAL
        its_author = role == "alice" or not of_alice
        assert its_author == (answer.status_code not in (401, 403, 404)), (name, answer.content)
        assert answer.status_code < 500, name


def test_administrators_alone_administer(address: Any, alice_calls: Caller) -> None:
    administrator = User.objects.create_superuser("erin")
    assert {*statuses(alice_calls, address, ADMINISTRATORS_ALONE).values()} == {404}
    found = statuses(Caller(administrator), address, ADMINISTRATORS_ALONE)
    assert {*found.values()} == {200, 204}
    writer = Caller(administrator, Scope.WRITE)
    assert {*statuses(writer, address, ADMINISTRATORS_ALONE).values()} == {403}


def test_members_read_everything(address: Any, dora_calls: Caller) -> None:
    assert {*statuses(dora_calls, address, READING - EDITORS_READ - PERSONAL).values()} == {200}


def test_a_token_that_reads_changes_nothing(address: Any, alice: User) -> None:
    reader = Caller(alice, Scope.READ)
    assert {*statuses(reader, address, READING).values()} == {200}
    assert {*statuses(reader, address, CHANGES).values()} == {403}


@pytest.mark.slow
def test_viewers_change_nothing_and_read_whom_to_ask(address: Any, dora_calls: Caller) -> None:
    own = TALK | ASKING | PERSONAL | {"create_team"}
    for name in sorted((CHANGES | EDITORS_READ) - ADMINISTRATION - own):
        answer = dora_calls(*address(name), {})
        assert answer.status_code == 403, name
        detail = answer.json()["detail"]
        role = "owner" if name in OWNERS else "editor"
        assert f"Ask alice (owner) for the {role} role." in detail or "Only " in detail, name


@pytest.mark.slow
def test_a_token_for_another_team_finds_nothing(address: Any, alice: User) -> None:
    """Of an administrator who owns both teams."""
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    other = Team.objects.create(name="Vision")
    other.memberships.create(user=alice, role=Role.OWNER)
    caller = Caller(User.objects.get(pk=alice.pk), team=other)
    # A person's own, of no team yet.
    uploads = {"show_upload", "send_part", "discard_upload"}
    names = {*OPERATIONS} - SHARED - uploads - {"change_worker"}
    assert {*statuses(caller, address, names).values()} == {404}
    assert caller(*address("change_worker"), {"requested": "drain"}).status_code == 403
    assert [team["name"] for team in caller.get("me").json()["teams"]] == ["Vision"]
    assert [team["name"] for team in caller.get("teams").json()["items"]] == ["Vision"]
    for path in ("projects", "datasets", "templates", "notifications"):
        assert caller.get(path).json()["items"] == [], path
    for method, path in (("POST", "teams"), ("PUT", "notifications/settings")):
        refused = caller(method, path, {"name": "Another"} if path == "teams" else {})
        assert (refused.status_code, refused.json()["detail"]) == (
            403, "This access token is for team Vision alone. Create one for all your teams.",
        )  # fmt: skip


def test_a_token_for_the_team_does_there_what_its_owner_does(
    address: Any, alice: User, project: Project
) -> None:
    caller = Caller(alice, team=project.team)
    assert {*statuses(caller, address, READING).values()} == {200}
    for name in sorted(OWNERS):
        with transaction.atomic():
            answer = caller(*address(name), {})
            transaction.set_rollback(True)
        assert answer.status_code not in (401, 403, 404), name
    writer = Caller(alice, Scope.WRITE, project.team)
    assert {*statuses(writer, address, OWNERS).values()} == {403}


def test_only_tokens_that_manage_teams_do_what_is_for_owners(address: Any, alice: User) -> None:
    writer = Caller(alice, Scope.WRITE)
    for name in sorted(OWNERS):
        answer = writer(*address(name), {})
        assert answer.status_code == 403, name
        assert "Only tokens that manage teams" in answer.json()["detail"]


def test_viewers_ask_models(address: Any, dora_calls: Caller) -> None:
    assert statuses(dora_calls, address, ASKING) == {"predict_rows": 409, "predict_file": 422}


def test_viewers_take_part_in_the_talk(address: Any, dora_calls: Caller) -> None:
    for name in sorted(TALK):
        body = {"text": "Good."} if name.startswith("comment") else {}
        assert dora_calls(*address(name), body).status_code in (200, 201, 204), name


@pytest.mark.slow
def test_every_method_of_every_address_has_an_answer(address: Any, alice_calls: Caller) -> None:
    changed = {path for method, path in OPERATIONS.values() if method == "PUT"}
    for name in sorted(READING):
        _, path = address(name)
        methods = {"HEAD", "OPTIONS", "TRACE"}
        for method in methods if OPERATIONS[name][1] in changed else methods | {"PUT"}:
            answer = alice_calls(method, path, {})
            answer.close()
            assert answer.status_code == (200 if method == "HEAD" else 405), (method, path)


def test_what_there_is_not_is_a_problem(alice_calls: Caller) -> None:
    unknown = (
        "",
        "nothing",
        "projects/",
        "projects/x",
        "projects/99999999999999999999",
        "disk/%0A/free",
    )
    for path in unknown:
        answer = alice_calls.get(path)
        assert answer.status_code == 404, path
        assert answer.json()["title"] == "Not Found"
    for path in ("/api/", "/api/v2/projects", "/api/v2/%0A", "/api/v1"):
        answer = alice_calls.get(f"http://testserver{path}")
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["detail"] == "Not found. The API is at /api/v1/."
        assert Caller(None).get(f"http://testserver{path}").status_code == 401


def test_what_has_no_view_and_what_fails_are_problems(
    alice_calls: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = alice_calls.get("me", Host="evil.example")
    assert (unknown.status_code, unknown["Content-Type"]) == (400, "application/problem+json")
    assert "does not know this host name" in unknown.json()["detail"]
    page = Client().get("/", headers={"Host": "evil.example"})
    assert (page.status_code, page["Content-Type"]) == (400, "text/html; charset=utf-8")
    monkeypatch.setattr("tuning.api.rows.team", None)
    alice_calls.client.raise_request_exception = False
    failed = alice_calls.get("teams")
    assert (failed.status_code, failed["Content-Type"]) == (500, "application/problem+json")
    assert failed.json()["detail"].startswith("The server has failed.")


def test_only_administrators_change_what_the_whole_site_uses(
    address: Any, alice_calls: Caller, worker: Worker
) -> None:
    erin = User.objects.create_superuser("erin")
    answer = alice_calls(*address("change_worker"), {"requested": "drain"})
    assert answer.status_code == 403
    assert answer.json()["detail"] == "Only administrators can pause and drain workers."
    assert Caller(erin, Scope.READ)(*address("change_worker"), {}).status_code == 403
    writer = Caller(erin, Scope.WRITE)(*address("change_worker"), {"requested": "drain"})
    assert "Only tokens that manage teams" in writer.json()["detail"]
    for requested in ("drain", "pause", ""):
        answer = Caller(erin)(*address("change_worker"), {"requested": requested})
        assert answer.json()["requested"] == requested
        worker.refresh_from_db()
        assert worker.requested == requested
    assert Caller(erin)(*address("change_worker"), {"requested": "kill"}).status_code == 422
    assert Caller(erin).patch("workers/999", {"requested": "drain"}).status_code == 404
