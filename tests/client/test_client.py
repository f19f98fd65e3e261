"""The Python client: what scripts do with it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
import tuneroom
from django.contrib.auth.models import User

from tests.services import ROOT
from tuning.actions.access_tokens import create_token
from tuning.models import Dataset as DatasetRow
from tuning.models import HyperModel, PartialUpload, SavedModel, Scope
from tuning.models import Project as ProjectRow
from tuning.models import Search as SearchRow
from tuning.models import Trial as TrialRow
from tuning.protocol.statuses import SearchStatus, Status
from tuning.views import rate_limits

from .conftest import SITE, SiteAdapter


@pytest.fixture
def of_search(connected: tuneroom.Client, search: SearchRow) -> tuneroom.Search:
    return connected.project("Digits").search(search.number)


def test_a_token_that_is_not_valid_is_refused_at_once(
    site: SiteAdapter, monkeypatch: Any, db: None
) -> None:
    session = requests.Session()
    session.mount(SITE, site)
    with pytest.raises(tuneroom.Problem, match=r"expired or been revoked. \(401\)"):
        tuneroom.connect(SITE, "tuneroom_x", session)
    monkeypatch.delenv("TUNEROOM_TOKEN", raising=False)
    with pytest.raises(ValueError, match="TUNEROOM_TOKEN"):
        tuneroom.connect(SITE)


def test_things_are_found_by_number_and_by_name(
    connected: tuneroom.Client, project: ProjectRow, alice: User
) -> None:
    assert connected.project(project.pk).name == connected.project("Digits").name
    assert connected.dataset("Test digits").data["kind"] == "image"
    assert connected.template("Test CNN").code.startswith("def build_model")
    assert [each.name for each in connected.templates()] == ["Test CNN"]
    with pytest.raises(LookupError, match="There are no projects named “Digit”"):
        connected.project("Digit")
    ProjectRow.objects.create(
        team=project.team, name="Digits", dataset=project.dataset, hypermodel=project.hypermodel
    )
    with pytest.raises(LookupError, match="There are 2 projects"):
        connected.project("Digits")


def test_trials_become_a_table(of_search: tuneroom.Search) -> None:
    trials = of_search.trials(sort="score")
    assert [trial.number for trial in trials] == [3, 1, 2]
    table = trials.to_pandas()
    assert list(table["hp:units"]) == [24, 8, 16]
    assert table["metric:val_loss"].mean() == 0.5
    assert [each.number for each in of_search.trials("score__top=1&sort=number")] == [3]
    with pytest.raises(tuneroom.Problem, match="such column"):
        of_search.trials(learning__lt=3)
    assert of_search.best().score == 0.95
    assert of_search.trial(1).epochs()[0].metrics["val_loss"] == 1.8


def test_many_trials_are_read_page_by_page(
    of_search: tuneroom.Search, search: SearchRow, add_trial: Any, site: SiteAdapter
) -> None:
    for number in range(4, 8):
        add_trial(search, number, 0.1)
    asked: list[str] = []
    site.before = lambda request: asked.append(str(request.url))
    assert len(of_search.trials(limit=3)) == 7
    assert len(asked) == 3


def test_a_search_starts_and_is_changed(connected: tuneroom.Client, project: ProjectRow) -> None:
    made = connected.start("Digits", max_trials=5, space={"units": [8, 16]}, enqueue=[{"units": 8}])
    assert (made.number, made.status) == (1, "running")
    assert made.pause().status == "paused"
    assert made.resume().extend(2).data["max_trials"] == 7
    assert made.try_values(units=8, optimizer="sgd").values["momentum"] == 0.5
    assert made.rename("First").name == "First"
    made.star()
    assert made.tag("nightly", "old & slow") == ["nightly", "old & slow"]
    made.untag("old & slow")
    made.unstar()
    assert made.refresh().data["tags"] == ["nightly"]
    made.comment("Started by a script.")
    assert made.stop().status == "stopped"
    assert [each.number for each in connected.project("Digits").searches()] == [1]
    made.delete()
    assert not SearchRow.objects.exists()


def test_a_pruned_trial_is_pinned_and_trained_to_the_end(
    connected: tuneroom.Client, search: SearchRow
) -> None:
    TrialRow.objects.filter(number=3).update(status=Status.PRUNED, pruned_attempt=1)
    SearchRow.objects.update(max_trials=9)
    trial = connected.project("Digits").search(search.number).trial(3)
    with pytest.raises(tuneroom.Problem, match="The weights of trial 3 are not stored"):
        trial.pin()
    trial.unpin()
    assert trial.train_to_end().status == "queued"


def test_a_project_of_a_list_has_a_status(connected: tuneroom.Client, project: ProjectRow) -> None:
    assert [each.status for each in connected.projects()] == ["completed"]


def test_what_is_wrong_is_named_by_field(connected: tuneroom.Client, project: ProjectRow) -> None:
    with pytest.raises(tuneroom.Problem) as found:
        connected.start(project.pk, max_trials=0, epochs="many")
    assert found.value.status == 422
    assert found.value.errors["epochs"] == "Enter a whole number."
    assert "epochs: Enter a whole number." in str(found.value)


def test_a_post_whose_answer_was_lost_happens_once(
    connected: tuneroom.Client, project: ProjectRow, site: SiteAdapter
) -> None:
    losses = [requests.ConnectionError("reset"), requests.Timeout("slow")]

    def lose(request: requests.PreparedRequest) -> None:
        if request.method == "POST" and losses:
            raise losses.pop()

    site.after = lose
    assert connected.start("Digits").number == 1
    assert SearchRow.objects.count() == 1


def test_it_waits_as_long_as_the_site_says(
    connected: tuneroom.Client, settings: Any, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        settings.API_REQUESTS_PER_MINUTE = 600

    connected.http.sleep = sleep
    settings.API_REQUESTS_PER_MINUTE = 1
    # No minute of the site's ends between the two requests.
    monkeypatch.setattr(rate_limits.time, "time", lambda: 615.0)
    for _ in range(2):
        assert connected.me()["username"] == "bob"
    assert slept == [45]


def test_waiting_ends_with_the_search(of_search: tuneroom.Search, search: SearchRow) -> None:
    assert of_search.wait().status == "completed"
    SearchRow.objects.update(status=SearchStatus.FAILED, failure_message="Too many failures.")
    with pytest.raises(tuneroom.Failed, match="Too many failures"):
        of_search.wait()
    SearchRow.objects.update(status=SearchStatus.RUNNING)
    with pytest.raises(TimeoutError):
        of_search.wait(timeout=0)


def test_a_model_is_downloaded_whole_or_not_at_all(
    connected: tuneroom.Client, saved_model: SavedModel, tmp_path: Path
) -> None:
    [model] = connected.project("Digits").models()
    path = model.download(tmp_path / "digits.keras")
    assert path.read_bytes() == b"k" * 1000
    assert model.download_bundle(tmp_path / "digits.zip").read_bytes()[:2] == b"PK"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["digits.keras", "digits.zip"]
    SavedModel.objects.update(file="", status=Status.RUNNING)
    with pytest.raises(tuneroom.Failed, match="status is running"):
        connected.project("Digits").model(1).download(tmp_path / "other.keras")


def test_a_dataset_and_a_template_become_a_project(
    connected: tuneroom.Client, team: Any, tmp_path: Path
) -> None:
    table = tmp_path / "ships.csv"
    table.write_text("size,age\n1,2\n")
    data = connected.upload(table, target="age")
    assert (data.name, data.status) == ("ships", "queued")
    row = DatasetRow.objects.get(pk=data.id)
    row.original.unlink()
    DatasetRow.objects.filter(pk=data.id).update(folder="x", kind="table", task="regression")
    assert data.wait().status == "completed"
    code = "def build_model(hp):\n    return hp.Int('units', 1, 3)\n"
    template = connected.add_template("Mine", code, ["table"])
    assert template.change(code + "# changed\n").version == 2
    newest = connected.template("Mine")
    made = connected.create_project("Ships", data, newest)
    assert made.status == "queued"
    assert HyperModel.objects.get(projects__pk=made.id).version == 2


def test_large_files_are_sent_in_parts(
    connected: tuneroom.Client, team: Any, tmp_path: Path, site: SiteAdapter, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tuneroom.client.LARGE", 10)
    monkeypatch.setattr("tuning.actions.partial_uploads.PART_SIZE", 8)
    table = tmp_path / "ships.csv"
    table.write_text("size,age\n1,2\n3,4\n")
    losses = [requests.ConnectionError("reset")]

    def lose(request: requests.PreparedRequest) -> None:
        if "/parts/1" in str(request.url) and losses:
            raise losses.pop()

    site.after = lose
    data = connected.upload(table, target="age")
    row = DatasetRow.objects.get(pk=data.id)
    assert row.original.read_text() == table.read_text()
    row.original.unlink()


def test_what_is_refused_leaves_no_parts_behind(
    connected: tuneroom.Client, team: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tuneroom.client.LARGE", 10)
    table = tmp_path / "ships.csv"
    table.write_text("size,age\n1,2\n3,4\n")
    with pytest.raises(tuneroom.Problem) as refused:
        connected.upload(table, kind="nothing")
    assert refused.value.status == 422
    assert not PartialUpload.objects.exists()


def test_an_export_is_written(of_search: tuneroom.Search, tmp_path: Path) -> None:
    path = of_search.export(tmp_path / "trials.csv", query="score__top=1&column=score")
    assert path.read_text().split() == ["number,score", "3,0.95"]


def test_it_needs_neither_django_nor_pandas_nor_tensorflow() -> None:
    code = (
        "import sys, tuneroom; "
        "heavy = ('django', 'pandas', 'numpy', 'tensorflow', 'keras', 'optuna'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    source = ROOT / "client" / "src"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=source, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_teams_are_run_by_a_script(
    site: SiteAdapter, alice: User, bob: User, charlie: User, project: ProjectRow
) -> None:
    session = requests.Session()
    session.mount(SITE, site)
    client = tuneroom.connect(SITE, create_token(alice, "admin", Scope.MANAGE), session)
    team = client.team("Digits team")
    assert team.set_member("charlie", "viewer").members() == {
        "alice": "owner", "bob": "editor", "charlie": "viewer",
    }  # fmt: skip
    team.remove_member("charlie")
    others = charlie.memberships.get().team  # type: ignore[attr-defined]
    others.memberships.create(user=alice, role="editor")
    found = client.project("Digits")
    assert found.archive().data["archived_at"]
    assert found.restore().move(others.pk).data["team"] == "Others"
    assert team.archive().data["archived_at"]
    assert team.restore().data["archived_at"] is None
    team.hand_over("bob", "leave")
    assert [each.name for each in client.teams()] == ["Others"]
