"""Files that only the storage has: downloads, uploads, and a storage that is away."""

import hashlib
import io
import json
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.storage import s3_server
from tests.storage.machines import Machine
from tests.storage.s3_server import S3Server
from tuning.actions.access_tokens import create_token
from tuning.actions.datasets import create_upload
from tuning.actions.imports import create_import
from tuning.actions.searches import pin_weights
from tuning.actions.uploads import take_over
from tuning.analysis.disk_use import team_disk_use
from tuning.management.backup.files import files_elsewhere
from tuning.management.backup.store import Manifest, Store
from tuning.models import AuditEntry, Dataset, Prediction, Project, SavedModel, Team, Trial
from tuning.protocol.predictions import RowSource
from tuning.protocol.statuses import Status
from tuning.storage import contract
from tuning.storage.configured import store
from tuning.storage.stored import keep_folder, list_of
from tuning.supervisor.references import collect_unneeded, needed

CONTENT = b"k" * 1000
HASH = hashlib.sha256(CONTENT).hexdigest()
UPLOAD = b"a,b\n1,2\n"


@pytest.fixture(params=["file", "s3"])
def site(request: Any, settings: Any, tmp_path: Path) -> Machine:
    settings.STORAGE_URL = f"file://{tmp_path}/store"
    if request.param == "s3":
        request.getfixturevalue("s3_site")
    machine = Machine(settings, tmp_path / "site")
    machine.use()
    return machine


@pytest.fixture
def s3_site(s3: S3Server, settings: Any, tmp_path: Path) -> S3Server:
    settings.STORAGE_URL = s3.url.replace("/data", f"/{tmp_path.name}")
    return s3


@pytest.fixture
def elsewhere(saved_model: SavedModel, site: Machine) -> SavedModel:
    """A model whose file another machine has written."""
    saved_model.stored.place.write_bytes(CONTENT)
    SavedModel.objects.filter(pk=saved_model.pk).update(sha256=HASH)
    saved_model.refresh_from_db()
    saved_model.stored.keep()
    saved_model.stored.remove()
    return saved_model


def download(client: Client, row: SavedModel) -> Any:
    return client.get(reverse("saved-model-download", args=[row]))


def test_a_download_goes_through_the_site(as_dora: Client, elsewhere: SavedModel) -> None:
    response = download(as_dora, elsewhere)
    assert b"".join(response.streaming_content) == CONTENT
    assert response["Content-Length"] == "1000"
    assert response["Content-Disposition"].startswith('attachment; filename="')
    assert response["Cache-Control"] == "private, no-store"
    assert not elsewhere.stored.place.exists()
    assert AuditEntry.objects.filter(kind="model.download").count() == 1


def test_the_zip_has_the_file(as_dora: Client, elsewhere: SavedModel) -> None:
    response = as_dora.get(reverse("saved-model-bundle", args=[elsewhere]))
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        assert archive.read(archive.namelist()[0]) == CONTENT


def test_a_browser_can_download_from_the_bucket_itself(
    as_dora: Client, as_charlie: Client, saved_model: SavedModel, s3_site: S3Server, settings: Any,
    tmp_path: Path, dora: User,
) -> None:  # fmt: skip
    Machine(settings, tmp_path / "site").use()
    settings.STORAGE_DIRECT = True
    saved_model.stored.place.write_bytes(CONTENT)
    SavedModel.objects.filter(pk=saved_model.pk).update(sha256=HASH)
    saved_model.refresh_from_db()
    saved_model.stored.keep()
    saved_model.stored.remove()
    response = download(as_dora, saved_model)
    assert response.status_code == 302
    with urllib.request.urlopen(response["Location"]) as answer:  # noqa: S310  our own server
        assert answer.read() == CONTENT
    assert AuditEntry.objects.filter(kind="model.download").count() == 1
    # A stranger gets no address, and a script, which would send its token along, gets the file.
    assert download(as_charlie, saved_model).status_code == 404
    token = create_token(dora, "script")
    scripted = Client(headers={"Authorization": f"Bearer {token}"}).get(
        f"/api/v1/projects/{saved_model.project.pk}/models/{saved_model.number}/download"
    )
    assert b"".join(scripted.streaming_content) == CONTENT


def test_a_file_that_the_storage_has_lost_has_a_page(
    as_alice: Client, elsewhere: SavedModel
) -> None:
    kept = store()
    assert kept is not None
    kept.delete(HASH)
    for name in ("saved-model-download", "saved-model-bundle"):
        response = as_alice.get(reverse(name, args=[elsewhere]))
        assert response.status_code == 410


def test_a_storage_that_is_away_has_a_page_and_the_api_a_line(
    as_alice: Client, alice: User, saved_model: SavedModel, s3_site: S3Server, settings: Any,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    Machine(settings, tmp_path / "site").use()
    monkeypatch.setattr(contract, "PERSON_WAITS", 0.0)
    s3_site.faults.extend([s3_server.busy] * 20)
    response = download(as_alice, saved_model)
    assert response.status_code == 503
    assert "The file storage is not available." in response.content.decode()
    token = create_token(alice, "script")
    scripted = Client(headers={"Authorization": f"Bearer {token}"}).get(
        f"/api/v1/projects/{saved_model.project.pk}/models/{saved_model.number}/download"
    )
    assert scripted.status_code == 503
    assert "storage is not available" in json.loads(scripted.content)["detail"]


def test_an_upload_is_in_the_storage_before_its_row_is_there(site: Machine, team: Team) -> None:
    file = site.root / "uploads" / "coming"
    file.write_bytes(UPLOAD)
    row = Dataset(key="own-1", name="Mine", team=team, source=Dataset.Source.UPLOAD)
    take_over(file, row)
    row.refresh_from_db()
    assert row.upload_sha256 == hashlib.sha256(UPLOAD).hexdigest()
    # The site may be a machine that no worker sweeps.
    assert list((site.root / "uploads").iterdir()) == []
    assert row.uploaded.fetch().read_bytes() == UPLOAD


def test_an_upload_that_cannot_be_stored_leaves_nothing(
    s3_site: S3Server, settings: Any, tmp_path: Path, saved_model: SavedModel, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(contract, "PERSON_WAITS", 0.0)
    site = Machine(settings, tmp_path / "site")
    site.use()
    file = site.root / "uploads" / "coming"
    file.write_bytes(UPLOAD)
    s3_site.faults.extend([s3_server.busy] * 5)
    row = Prediction(
        saved_model=saved_model, created_by=alice, source=RowSource.TABLE, key="prediction-1"
    )
    with pytest.raises(contract.Away):
        take_over(file, row)
    assert not Prediction.objects.exists()
    assert list((site.root / "uploads").iterdir()) == [file], "it need not be sent again"


def test_nothing_is_locked_while_a_file_is_stored(
    settings: Any, tmp_path: Path, project: Project, team: Team, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """It takes minutes, and slots that claim trials of the team wait for the team's row."""
    settings.UPLOADS_ROOT = tmp_path
    outside, within = list(connection.savepoint_ids), []

    def keep(place: Path) -> str:
        within.append(list(connection.savepoint_ids))
        return HASH

    monkeypatch.setattr("tuning.actions.uploads.keep_file", keep)
    for name in ("rows.csv", "more.csv", "study.db"):
        (tmp_path / name).write_bytes(UPLOAD)
    for name in ("rows.csv", "more.csv"):
        create_upload(Dataset(name="Mine", team=team), tmp_path / name, {"name": name})
    create_import(alice, project, tmp_path / "study.db", "study.db")
    assert within == [outside] * 3
    assert list(Dataset.objects.named(team, "Mine").values_list("version", flat=True)) == [2, 1]
    assert set(AuditEntry.objects.values_list("kind", flat=True)) >= {
        "dataset.create", "search.import",
    }  # fmt: skip


def test_what_only_the_storage_has_counts_as_disk_use(
    elsewhere: SavedModel, site: Machine, team: Team
) -> None:
    dataset = elsewhere.project.dataset
    place = site.root / "datasets" / "rows"
    place.mkdir()
    for name, size in (("x.npy", 1000), ("y.npy", 10)):
        (place / name).write_bytes(name.encode() * size)
    sha256 = keep_folder(place)
    Dataset.objects.filter(pk=dataset.pk).update(team=team, folder="rows", sha256=sha256)
    here = team_disk_use(team)
    Dataset.objects.get(pk=dataset.pk).stored.remove()
    assert team_disk_use(team) == here
    assert (here.datasets, here.models) == (5 * 1010, elsewhere.size)


def test_an_upload_that_was_read_is_no_disk_use_any_more(site: Machine, team: Team) -> None:
    file = site.root / "uploads" / "coming"
    file.write_bytes(UPLOAD)
    row = Dataset(key="own-1", name="Mine", team=team, source=Dataset.Source.UPLOAD)
    take_over(file, row)
    assert team_disk_use(team).uploads == len(UPLOAD)
    # The storage has it until it is collected.
    Dataset.objects.filter(pk=row.pk).update(status=Status.COMPLETED)
    assert team_disk_use(team).uploads == 0


def test_weights_that_were_removed_meanwhile_cannot_be_pinned(
    saved_model: SavedModel, site: Machine
) -> None:
    rows = Trial.objects.filter(pk=saved_model.trial_id)
    rows.update(status=Status.PRUNED, oracle_id="0001", pruned_attempt=1, checkpoint_sha256=HASH)
    shown = rows.get()
    rows.update(checkpoint_sha256="")
    assert not pin_weights(shown, True)
    assert not rows.get().pinned
    rows.update(checkpoint_sha256=HASH)
    assert pin_weights(shown, True)


# --- Operation -------------------------------------------------------------------------------


def test_the_files_of_an_installation_can_be_brought_to_a_storage(
    saved_model: SavedModel, site: Machine
) -> None:
    saved_model.stored.place.write_bytes(CONTENT)
    with pytest.raises(CommandError, match="1 differ from what their rows say"):
        call_command("fill_storage")
    # Nobody removes it from here: what its row says, the storage does not have.
    assert not list((site.root / "cached").iterdir())
    SavedModel.objects.filter(pk=saved_model.pk).update(sha256="")
    call_command("fill_storage")
    saved_model.refresh_from_db()
    assert saved_model.sha256 == HASH
    kept = store()
    assert kept is not None
    assert HASH in needed(kept)
    assert collect_unneeded() == 0
    saved_model.stored.remove()
    assert saved_model.stored.fetch().read_bytes() == CONTENT


def test_a_backup_has_what_only_the_storage_has(
    elsewhere: SavedModel, site: Machine, tmp_path: Path
) -> None:
    (tmp_path / "backup").mkdir()
    backup, kept = Store(tmp_path / "backup"), store()
    assert kept is not None
    ((path, sha256),) = files_elsewhere(kept)
    assert (path, sha256) == (Path("saved_models") / elsewhere.file, HASH)
    for _ in range(2):
        assert backup.add_from(kept, sha256).size == 1000
    backup.take(sha256, tmp_path / "restored")
    assert (tmp_path / "restored").read_bytes() == CONTENT


@pytest.fixture
def resumable(elsewhere: SavedModel, alice: User) -> Trial:
    """A running trial with a checkpoint; and an answer to a question that was asked."""
    kept = store()
    assert kept is not None
    content = kept.put_bytes(b"answer")
    Prediction.objects.create(
        saved_model=elsewhere, created_by=alice, source=RowSource.TABLE, key="asked",
        status=Status.COMPLETED, file="1-1.csv", sha256=content,
    )  # fmt: skip
    checkpoint = kept.put_bytes(list_of({"state.json": content}))
    Trial.objects.filter(pk=elsewhere.trial_id).update(
        status=Status.RUNNING, resume_epoch=1, resume_attempt=1, resume_sha256=checkpoint
    )
    return Trial.objects.get(pk=elsewhere.trial_id)


def test_a_backup_has_no_answers_and_nothing_of_running_trials(
    resumable: Trial, tmp_path: Path
) -> None:
    (tmp_path / "backup").mkdir()
    backup, kept = Store(tmp_path / "backup"), store()
    assert kept is not None
    found = {str(path): backup.add_from(kept, sha256) for path, sha256 in files_elsewhere(kept)}
    backup.write("one", Manifest("now", "0001_initial", HASH, found))
    # Else it would refer to folders that no backup has, and could not be read.
    assert [kept.sha256 for kept in backup.read("one").files.values()] == [HASH]


def test_the_checkpoint_of_a_trial_that_was_stopped_is_collected(resumable: Trial) -> None:
    kept = store()
    assert kept is not None
    assert resumable.resume_sha256 in needed(kept)
    # It was queued again when its search was stopped.
    rows = Trial.objects.filter(pk=resumable.pk)
    rows.update(status=Status.QUEUED)
    Trial.objects.filter(search=resumable.search).stop_queued()
    assert (rows.get().status, rows.get().resume_sha256) == (Status.STOPPED, "")
    assert resumable.resume_sha256 not in needed(kept)


def test_checkpoints_that_no_machine_has_a_copy_of_are_collected(resumable: Trial) -> None:
    kept = store()
    assert kept is not None
    rows = Trial.objects.filter(pk=resumable.pk)
    rows.update(
        status=Status.COMPLETED, oracle_id="0001", checkpoint_sha256=resumable.resume_sha256,
        resume_sha256="",
    )  # fmt: skip
    assert resumable.resume_sha256 in needed(kept)
    collect_unneeded()
    assert rows.get().checkpoint_sha256 == ""
    assert resumable.resume_sha256 not in needed(kept)
