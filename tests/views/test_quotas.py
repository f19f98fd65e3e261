"""Quotas of teams: who sets them, who sees them, and the sentence at the limit, the same on pages
and in the API. Nothing is lost."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.api.conftest import Caller
from tuning.actions import partial_uploads
from tuning.analysis.quotas import meters_of, storage_refusal
from tuning.models import (
    AuditEntry,
    Dataset,
    PartialUpload,
    Project,
    SavedModel,
    Search,
    Team,
    Trial,
)
from tuning.protocol.statuses import SearchStatus, Status

from .addresses import addressed
from .test_start_search import DEFAULTS

CSV = b"age,label\n1,yes\n2,no\n3,yes\n"
ASK = "ask erin (administrator) to raise the quota."


@pytest.fixture(autouse=True)
def erin(tmp_path: Path, settings: Any, db: None) -> User:
    """The administrator; and folders of our own."""
    for name in ("DATASETS", "SAVED_MODELS", "CHECKPOINTS", "UPLOADS", "PREDICTIONS"):
        setattr(settings, f"{name}_ROOT", tmp_path / name)
        (tmp_path / name).mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = settings.UPLOADS_ROOT
    return User.objects.create_superuser("erin")


@pytest.fixture
def as_erin(erin: User) -> Client:
    client = Client()
    client.force_login(erin, backend="django.contrib.auth.backends.ModelBackend")
    return client


def limit(team: Team, **quotas: int) -> None:
    Team.objects.filter(pk=team.pk).update(**quotas)


def fill(team: Team, settings: Any, size: int) -> None:
    """A prepared dataset of so many bytes."""
    Dataset.objects.create(
        key="own", name="Own", team=team, source=Dataset.Source.UPLOAD, folder="own-1",
        status=Status.COMPLETED,
    )  # fmt: skip
    (settings.DATASETS_ROOT / "own-1").mkdir()
    (settings.DATASETS_ROOT / "own-1" / "x.npy").write_bytes(bytes(size))


def csv() -> SimpleUploadedFile:
    return SimpleUploadedFile("people.csv", CSV)


def page_of(client: Client, name: str, *keys: Any) -> str:
    return client.get(reverse(name, args=keys)).content.decode()


def test_an_administrator_sets_quotas_and_the_team_sees_them(
    as_erin: Client, as_dora: Client, team: Team, settings: Any
) -> None:
    assert "Administrators of this site set quotas" not in page_of(as_dora, "team-detail", team.pk)
    fill(team, settings, 600 * 1024)
    values = {"max_storage": "1.5", "max_files": 3, "max_slots": "", "max_trials": 50, "weight": 2}
    answer = as_erin.post(reverse("team-quotas", args=[team.pk]), values)
    assert answer["Location"] == reverse("quota-list")
    team.refresh_from_db()
    stored = team.max_storage, team.max_files, team.max_slots, team.max_trials, team.weight
    assert stored == (3 << 19, 3, None, 50, 2)
    for page in (page_of(as_dora, "team-detail", team.pk), page_of(as_erin, "quota-list")):
        assert "600.0 KB of 1.5 MB" in page
        assert "1 of 3" in page
    entry = AuditEntry.objects.get(kind="team.quotas")
    assert str(entry) == (
        "erin set quotas of team “Digits team”: storage to 1.5 MB, files to 3, trials per search "
        "to 50 and weight to 2"
    )
    quotas = Caller(User.objects.get(username="dora")).get(f"teams/{team.pk}").json()["quotas"]
    assert quotas[0] == {"name": "max_storage", "used": 600 * 1024, "limit": 3 << 19}
    assert 'value="1.5"' in page_of(as_erin, "team-quotas", team.pk)
    refused = as_erin.post(reverse("team-quotas", args=[team.pk]), {**values, "weight": 0})
    assert refused.status_code == 422
    assert "weight" in refused.context["form"].errors


def test_without_a_quota_of_its_own_a_team_has_the_site_s(team: Team, settings: Any) -> None:
    settings.TEAM_QUOTAS = {**settings.TEAM_QUOTAS, "max_files": 0, "max_trials": 7}
    limit(team, max_trials=9)
    team.refresh_from_db()
    assert (team.quota("max_files"), team.quota("max_trials")) == (0, 9)
    texts = [meter.text for meter in meters_of([team])[0].meters]
    assert texts == ["0 bytes, no quota", "0 of 0", "0, no quota", "9"]


def test_an_upload_over_the_quota_is_refused_and_kept(
    as_bob: Client, team: Team, settings: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(partial_uploads, "PART_SIZE", 100)
    fill(team, settings, 990)
    key = as_bob.post("/uploads/", {"name": "people.csv", "size": len(CSV)}).json()["key"]
    as_bob.post(f"/uploads/{key}/parts/0/", CSV, content_type="application/octet-stream")
    limit(team, max_storage=1000)
    sentence = (
        f"The file has {len(CSV)} bytes, but team Digits team has 10 bytes of its 1000 bytes of "
        "storage left. "
        f"Delete datasets, searches or models, or {ASK}"
    )
    form = {"name": "People", "arrived": key}
    answer = as_bob.post("/datasets/new/", form)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert PartialUpload.objects.get().is_complete, "it need not be sent again"
    # Before anything of another one is sent.
    refused = as_bob.post("/uploads/", {"name": "people.csv", "size": len(CSV)})
    assert (refused.status_code, refused.content.decode()) == (422, sentence + "\n")
    limit(team, max_storage=5000)
    assert as_bob.post("/datasets/new/", form).status_code == 302


def test_a_person_with_two_teams_reads_it_beside_the_team(
    as_bob: Client, bob: User, team: Team, settings: Any
) -> None:
    other = Team.objects.create(name="Others")
    other.memberships.create(user=bob)
    fill(team, settings, 10)
    limit(team, max_files=1)
    sentence = f"Team Digits team may have 1 file and has no room for another one. Delete a dataset or model, or {ASK}"  # noqa: E501
    answer = as_bob.post("/datasets/new/", {"name": "P", "team": team.pk, "file": csv()})
    assert answer.context["form"].errors["team"] == [sentence]
    answer = as_bob.post("/datasets/new/", {"name": "P", "team": other.pk, "file": csv()})
    assert answer.status_code == 302


def test_the_api_refuses_an_upload_with_the_same_sentence(
    bob: User, team: Team, settings: Any
) -> None:
    fill(team, settings, 10)
    limit(team, max_files=1)
    caller = Caller(bob)
    answer = caller.client.post(
        "/api/v1/datasets", {"name": "P", "file": csv()},
        headers={"Authorization": f"Bearer {caller.token}"},
    )  # fmt: skip
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("Team Digits team may have 1 file")


def test_too_many_trials_are_refused_beside_the_field(
    as_alice: Client, alice: User, project: Project, team: Team
) -> None:
    limit(team, max_trials=10)
    url = reverse("search-create", args=[project.pk])
    sentence = f"A search of team Digits team may have 10 trials, not 20. Enter fewer, or {ASK}"
    answer = as_alice.post(url, DEFAULTS)
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"max_trials": [sentence]}
    rounds = {**DEFAULTS, "tuner": "hyperband", "epochs": 9, "max_trials": ""}
    assert "hyperband_iterations" in as_alice.post(url, rounds).context["form"].errors
    refused = Caller(alice).post(f"projects/{project.pk}/searches", {"max_trials": 20})
    assert refused.json()["errors"] == [{"field": "max_trials", "detail": sentence}]
    assert not Search.objects.exists()
    assert as_alice.post(url, {**DEFAULTS, "max_trials": 10}).status_code == 302


def test_a_search_gets_no_more_trials_than_it_may_have(
    as_alice: Client, alice: User, make_search: Any, team: Team
) -> None:
    search = make_search(max_trials=8)
    limit(team, max_trials=10)
    at = [addressed(search)]
    extended = as_alice.post(reverse("search-extend", args=at), {"more": 3, "seen": 8})
    assert "may have 10 trials, not 11" in extended.content.decode()
    changes = {"limits-max_trials": 11, "initial-limits-max_trials": 8}
    changed = as_alice.post(reverse("search-limits", args=at), changes)
    assert "may have 10 trials, not 11" in changed.content.decode()
    search.refresh_from_db()
    assert search.max_trials == 8
    assert (
        as_alice.post(reverse("search-extend", args=at), {"more": 2, "seen": 8}).status_code == 302
    )
    tried = Caller(alice).post(
        f"projects/{search.project_id}/searches/{search.number}/trials",
        {"values": {}, "again": True},
    )
    assert tried.status_code == 422
    assert "may have 10 trials, not 11" in tried.json()["detail"]


def test_a_script_logs_no_more_runs_than_a_search_may_have(
    alice: User, project: Project, team: Team
) -> None:
    limit(team, max_trials=1)
    caller = Caller(alice)
    log = {"name": "by hand", "objective": "val_loss"}
    assert caller.post(f"projects/{project.pk}/logs", log).status_code == 201
    runs = f"projects/{project.pk}/searches/1/runs"
    assert caller.post(runs, {"values": {"lr": 0.1}, "script": "me"}).status_code == 201
    refused = caller.post(runs, {"values": {"lr": 0.2}, "script": "me"})
    assert (refused.status_code, ASK in refused.json()["detail"]) == (409, True)
    asked = {**log, "name": "asked", "space": {"x": {"low": 1, "high": 9}}, "max_trials": 5}
    errors = caller.post(f"projects/{project.pk}/logs", asked).json()["errors"]
    assert [error["field"] for error in errors] == ["max_trials"]


def test_out_of_storage_nothing_new_starts_and_nothing_ends(
    as_alice: Client, alice: User, project: Project, make_search: Any, team: Team, settings: Any
) -> None:
    search = make_search()
    trial = search.trials.get()
    Trial.objects.filter(pk=trial.pk).update(status=Status.COMPLETED, score=0.5, best_epoch=1)
    fill(team, settings, 1000)
    limit(team, max_storage=1000)
    sentence = (
        "Team Digits team has used 1000 bytes of its 1000 bytes of storage. Delete datasets, "
        f"searches or models, or {ASK}"
    )
    assert storage_refusal(Team.objects.get(pk=team.pk)) == sentence
    create = reverse("search-create", args=[project.pk])
    assert sentence in as_alice.get(create).content.decode()
    assert sentence in as_alice.post(create, DEFAULTS).content.decode()
    trial.refresh_from_db()
    retrain = reverse("trial-retrain", args=[addressed(trial)])
    assert sentence in as_alice.post(retrain, {"name": "Kept"}).content.decode()
    at = f"projects/{project.pk}/searches/{search.number}/trials/{trial.number}/retrain"
    assert Caller(alice).post(at).json()["detail"] == sentence
    assert sentence in as_alice.get("/datasets/new/").content.decode()
    assert (Search.objects.count(), SavedModel.objects.count()) == (1, 0)
    search.refresh_from_db()
    assert search.status == SearchStatus.RUNNING


@pytest.fixture
def checked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The forms found room; another upload has taken it before this one is stored."""
    for form in ("datasets", "trials"):
        monkeypatch.setattr(f"tuning.forms.{form}.file_refusal", lambda *_: "")
    for form in ("imports", "projects"):
        name = "storage_refusal" if form == "imports" else "moving_refusal"
        monkeypatch.setattr(f"tuning.forms.{form}.{name}", lambda *_: "")


@pytest.mark.usefixtures("checked_before")
def test_of_two_uploads_at_once_the_second_is_refused_and_kept(
    as_bob: Client, bob: User, team: Team, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuning.forms.partial_uploads.file_refusal", lambda *_: "")
    fill(team, settings, 10)
    limit(team, max_files=1)
    key = as_bob.post("/uploads/", {"name": "people.csv", "size": len(CSV)}).json()["key"]
    as_bob.post(f"/uploads/{key}/parts/0/", CSV, content_type="application/octet-stream")
    form = {"name": "People", "arrived": key}
    answer = as_bob.post("/datasets/new/", form)
    assert answer.status_code == 422
    assert (
        answer.context["form"]
        .non_field_errors()[0]
        .startswith("Team Digits team may have 1 file and has no room")
    )
    assert PartialUpload.objects.get().is_complete, "it need not be sent again"
    caller = Caller(bob)
    refused = caller.client.post(
        "/api/v1/datasets", {"name": "P", "file": csv()},
        headers={"Authorization": f"Bearer {caller.token}"},
    )  # fmt: skip
    assert (refused.status_code, ASK in refused.json()["detail"]) == (422, True)
    assert Dataset.objects.filter(team=team).count() == 1
    limit(team, max_files=2)
    assert as_bob.post("/datasets/new/", form).status_code == 302


@pytest.mark.usefixtures("checked_before")
def test_whatever_takes_the_last_room_at_once_is_refused_beside_its_field(
    as_alice: Client, alice: User, project: Project, saved_model: SavedModel, team: Team,
    settings: Any,
) -> None:  # fmt: skip
    """A retraining, an import, a project that moves here."""
    limit(team, max_files=1, max_storage=0)
    best = saved_model.trial
    retrained = as_alice.post(reverse("trial-retrain", args=[best]), {"epochs": 2, "name": ""})
    assert ASK in retrained.context["form"].non_field_errors()[0]
    assert SavedModel.objects.count() == 1
    imported = as_alice.post(
        reverse("import-create", args=[project.pk]),
        {"file": SimpleUploadedFile("study.csv", b"number,value\n")},
    )
    assert ASK in imported.context["form"].non_field_errors()[0]
    other = Team.objects.create(name="Others", max_storage=0)
    other.memberships.create(user=alice)
    moved = as_alice.post(reverse("project-move", args=[project.pk]), {"team": other.pk})
    assert ASK in moved.context["form"].errors["team"][0]
    project.refresh_from_db()
    assert project.team == team
