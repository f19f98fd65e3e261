"""Backups, restores and moves: the same rows and files, wherever they go."""

import getpass
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.services import clean_environment, manage, migrated_database
from tests.storage.machines import Machine
from tests.storage.s3_server import KEYS, S3Server
from tuning.management.backup.snapshot import take_snapshot
from tuning.management.backup.store import Damaged, Kept, Manifest, Store
from tuning.models import Dataset, Project, SavedModel, Team, Trial, Worker
from tuning.protocol.statuses import Status
from tuning.storage.folder import FolderStore
from tuning.storage.stored import StoredFile, keep_file

# Rows with what databases store differently: JSON, floats, texts, times, missing values.
FILL = """
from django.contrib.auth.models import User
from django.utils import timezone
from tuning.models import Dataset, Epoch, HyperModel, Project, Search, Team, Trial, TrialIndex
user = User.objects.create_user("alice", password="a password of alice")
project = Project.objects.create(
    team=Team.objects.create(name="Digits team"), name="Digits", created_by=user,
    dataset=Dataset.objects.create(key="x", name="X", source="bundled", profile={"b": 1, "a": [1.5, None]}),
    hypermodel=HyperModel.objects.create(key="t", name="T", code="def build_model(hp): ...", kinds=["image"]),
)
search = Search.objects.create(
    project=project, number=1, objective="val_accuracy", space={"space": [], "values": {}}, max_trials=30
)
for number in range(1, 31):
    values = {"units": number, "rate": 10.0 ** -number, "name": "ü'x", "on": number % 2 == 0, "none": None}
    trial = Trial.objects.create(search=search, number=number, values=values, score=number / 7)
    Epoch.objects.bulk_create(
        Epoch(trial=trial, attempt=1, execution=0, epoch=n, seconds=0.1, metrics={"loss": 1 / n, "big": 1e300})
        for n in range(1, 11)
    )
TrialIndex.objects.fill_missing()
"""  # noqa: E501


def run(data: Path, *words: Any, **environment: str) -> str:
    done = manage(
        *map(str, words), environment=clean_environment(TUNEROOM_DATA=str(data), **environment)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rows(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables by a reader that knows nothing of ours, JSON parsed: PostgreSQL
    orders the keys of objects anew."""

    def parsed(value: Any) -> Any:
        try:
            text = isinstance(value, str) and value[:1] in "[{"
            return json.loads(value, parse_int=float) if text else value
        except ValueError:
            return value

    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        names = [name for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )]  # fmt: skip
        names.remove("django_migrations")
        return {
            name: [
                tuple(map(parsed, row))
                for row in connection.execute(f"SELECT * FROM {name} ORDER BY 1")  # noqa: S608
            ]
            for name in names
        }


def files(data: Path) -> dict[str, str]:
    return {
        str(path.relative_to(data)): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in ("datasets", "saved_models", "checkpoints", "downloads", "secret_key")
        for path in ([data / name] if (data / name).is_file() else (data / name).rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    shutil.copy(migrated_database(), data)
    run(data, "shell", "--verbosity", "0", "-c", FILL)
    (data / "saved_models" / "one.keras").write_bytes(b"a model")
    return data


@pytest.mark.slow
def test_a_restored_backup_is_the_same_installation(installation: Path, tmp_path: Path) -> None:
    kept, elsewhere = tmp_path / "kept", tmp_path / "elsewhere"
    assert len(rows(installation / "db.sqlite3")["tuning_epoch"]) == 300
    run(installation, "backup", kept)
    objects = set(kept.glob("objects/*/*"))
    (installation / "saved_models" / "two.keras").write_bytes(b"another model")
    said = run(installation, "backup", kept)
    assert "of these 13 B new" in said.replace("\u202f", " ").replace("\xa0", " ")
    new = set(kept.glob("objects/*/*")) - objects
    assert b"another model" in {path.read_bytes() for path in new}
    # The database changes with every snapshot at most; all other content is kept once.
    assert len(new) <= 2
    run(elsewhere, "restore", kept)
    before, after = rows(installation / "db.sqlite3"), rows(elsewhere / "db.sqlite3")
    # What each of them did itself: the second backup was recorded once it was there.
    made, restored = before.pop("tuning_auditentry"), after.pop("tuning_auditentry")
    assert after == before
    assert [kind for _, _, kind, *_ in made] == ["site.backup"] * 2
    assert [kind for _, _, kind, *_ in restored] == ["site.backup", "site.restore"]
    assert {row[4] for row in made + restored} == {f"{getpass.getuser()} (operating system)"}
    assert {row[5] for row in made + restored} == {"command"}
    assert files(elsewhere) == files(installation)
    assert {path.stat().st_mode & 0o077 for path in kept.rglob("*")} == {0}


@pytest.fixture
def machine(
    alice: User, project: Project, make_search: Any, s3: S3Server, settings: Any, tmp_path: Path
) -> Machine:
    """One whose dataset, model and checkpoint only a bucket has."""
    settings.STORAGE_URL = s3.url.replace("/data", f"/{tmp_path.name}")
    machine = Machine(settings, tmp_path / "machine")
    machine.use()
    trial = Trial.objects.create(
        search=make_search(), number=9, status=Status.PRUNED, oracle_id="0001", pruned_attempt=1,
        pruned_after=1, pinned=True,
    )  # fmt: skip
    model = SavedModel.objects.create(
        project=project, number=1, trial=trial, epochs=1, batch_size=32, created_by=alice,
        status=Status.COMPLETED, file="1-1.keras", size=7,
    )  # fmt: skip
    Dataset.objects.filter(pk=project.dataset_id).update(folder="digits")
    dataset = Dataset.objects.get(pk=project.dataset_id)
    for folder, names in ((dataset.stored.place, "xy"), (trial.checkpoint(1).place, "w")):
        folder.mkdir(parents=True)
        for name in names:
            (folder / f"{name}.npy").write_bytes(name.encode() * 100)
    model.stored.place.write_bytes(b"a model")
    call_command("fill_storage", stdout=StringIO())
    for stored in (dataset.stored, trial.checkpoint(1), model.stored):
        stored.remove()
    return machine


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_bucket_is_backed_up_and_restored_into_another_one(
    machine: Machine, s3: S3Server, settings: Any, tmp_path: Path
) -> None:
    kept, folder = tmp_path / "kept", tmp_path.name
    objects = {key.rpartition("/")[2] for key in s3.below(f"{folder}/objects")}
    # Two lists of files, and what x, y, w and the model have.
    assert len(objects) == 6
    call_command("backup", kept, stdout=StringIO())
    found = {path.name for path in kept.glob("objects/*/*")}
    # The lists are made anew; the database is a file, too.
    assert len(found & objects) == 4
    assert len(found) == 5

    # The next one only reads what is new.
    new = machine.root / "saved_models" / "1-2.keras"
    new.write_bytes(b"a new model")
    model = SavedModel.objects.get()
    SavedModel.objects.create(
        project=model.project, number=2, trial=model.trial, epochs=1, batch_size=32,
        created_by=model.created_by, status=Status.COMPLETED, file=new.name, size=11,
        sha256=keep_file(new),
    )  # fmt: skip
    StoredFile(new, "").remove()
    s3.requests.clear()
    call_command("backup", kept, stdout=StringIO())
    content = found & objects
    read = {line.rpartition("/")[2] for line in s3.requests if line.startswith("GET ")}
    assert read & content == set()
    assert hashlib.sha256(b"a new model").hexdigest() in read

    other = {"STORAGE_URL": s3.url.replace("/data", f"/{folder}-other"), **KEYS}
    said = run(tmp_path / "elsewhere", "restore", kept, **other)
    assert "5 files, all checked" in said
    names = {key.rpartition("/")[2] for key in s3.below(f"{folder}-other/objects")}
    assert names == {key.rpartition("/")[2] for key in s3.below(f"{folder}/objects")}
    # And where there is none, the files are at their places.
    run(tmp_path / "without", "restore", kept)
    for place in ("elsewhere", "without"):
        hashes = {
            name: sha256 for name, sha256 in files(tmp_path / place).items() if "secret" not in name
        }
        assert set(hashes.values()) == content | {hashlib.sha256(b"a new model").hexdigest()}
        assert "datasets/digits/x.npy" in hashes


@pytest.mark.services
def test_a_move_to_postgresql_and_back_keeps_every_row(
    installation: Path, postgres_url: str, tmp_path: Path
) -> None:
    said = run(installation, "move", "--to", postgres_url)
    total = sum(map(len, rows(installation / "db.sqlite3").values()))
    assert f"Moved {total:,} rows" in said
    again = manage(
        "move", "--to", postgres_url, environment=clean_environment(TUNEROOM_DATA=str(installation))
    )
    assert again.stderr == (
        "CommandError: Nothing was moved. The database has accounts already. Choose an empty one.\n"
    )
    # A new row gets a key of its own.
    new_team = "from tuning.models import Team; Team.objects.create(name='New').delete()"
    run(installation, "shell", "-c", new_team, DATABASE_URL=postgres_url)
    run(installation, "backup", tmp_path / "kept", DATABASE_URL=postgres_url)
    elsewhere = tmp_path / "elsewhere"
    run(elsewhere, "restore", tmp_path / "kept")
    before, after = rows(installation / "db.sqlite3"), rows(elsewhere / "db.sqlite3")
    assert before.pop("tuning_auditentry") == []
    moved, _ = after.pop("tuning_auditentry")
    assert "site.move" in moved
    assert not any("@" in str(cell) for cell in moved), "no password of the database"
    assert after == before


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_has_one_moment(alice: User, tmp_path: Path) -> None:
    take_snapshot(tmp_path / "snapshot.sqlite3")
    Team.objects.create(name="Later")
    kept = rows(tmp_path / "snapshot.sqlite3")
    assert [name for _, name, *_ in kept["tuning_team"]] == ["Digits team"]
    assert [row[0] for row in kept["auth_user"]] == [alice.pk]


def test_nothing_in_use_is_overwritten(alice: User, store: Store) -> None:
    with pytest.raises(CommandError, match="has accounts already"):
        call_command("restore", store.root)


def test_a_move_waits_for_nobody(online_worker: Worker, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=f"Workers are online: {online_worker.name}. Stop them"):
        call_command("move", "--to", f"sqlite:///{tmp_path / 'other.sqlite3'}")


def test_a_backup_into_its_own_data_is_refused() -> None:
    with pytest.raises(CommandError, match="inside the data folder"):
        call_command("backup", settings.DATA_ROOT / "backups")


@pytest.fixture
def online_worker(db: None) -> Worker:
    now = timezone.now()
    return Worker.objects.create(name="gpu-1", slots=1, started_at=now, seen_at=now)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """With one backup of one file."""
    root = tmp_path / "kept"
    (root / "objects").mkdir(parents=True)
    store = Store(root)
    (tmp_path / "file").write_bytes(b"content")
    kept = store.add(tmp_path / "file")
    store.write("one", Manifest("now", "0001_initial", kept.sha256, {"datasets/a/x.npy": kept}))
    return store


def test_a_file_that_grows_while_it_is_read_is_kept_as_it_is_then(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = tmp_path / "upload"
    upload.write_bytes(b"one part")
    look = FolderStore._look

    def next_part(self: FolderStore, *arguments: Any) -> Any:
        """Comes after the file was hashed, and before it is copied."""
        monkeypatch.setattr(FolderStore, "_look", look)
        upload.write_bytes(b"one part, two parts")
        return look(self, *arguments)

    monkeypatch.setattr(FolderStore, "_look", next_part)
    kept = store.add(upload)
    store.take(kept.sha256, tmp_path / "restored")
    assert (tmp_path / "restored").read_bytes() == b"one part, two parts"
    assert not list(store.root.rglob("*.part"))


def test_damage_is_found(store: Store, tmp_path: Path) -> None:
    [kept] = store.read("one").files.values()
    [path] = store.root.glob("objects/*/*")
    path.write_bytes(b"c0ntent")
    with pytest.raises(Damaged, match=r"content of x\.npy is damaged"):
        store.take(kept.sha256, tmp_path / "new" / "x.npy")
    path.unlink()
    with pytest.raises(Damaged, match=r"content of y\.npy is missing"):
        store.take(kept.sha256, tmp_path / "new" / "y.npy")


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "datasets/../../x", "db.sqlite3", "runners/x"]
)
def test_a_manifest_cannot_write_elsewhere(store: Store, path: str) -> None:
    store.write("two", Manifest("now", "0001_initial", "0" * 64, {path: Kept("0" * 64, 1, 1)}))
    with pytest.raises(Damaged, match="not a file of the data folder"):
        store.read("two")


@pytest.mark.parametrize("place", ["database", "file"])
def test_a_hash_is_no_path(store: Store, place: str) -> None:
    """Else the content of any file of this machine would be read."""
    database = "../../secret" if place == "database" else "0" * 64
    kept = Kept("0" * 64 if place == "database" else "../../secret", 1, 1)
    store.write("two", Manifest("now", "0001_initial", database, {"datasets/a/x.npy": kept}))
    with pytest.raises(Damaged, match="not a hash"):
        store.read("two")


def test_a_newer_backup_asks_for_an_update(store: Store, db: None) -> None:
    store.write("two", Manifest("now", "9999_from_the_future", "0" * 64, {}))
    with pytest.raises(CommandError, match="newer Tuneroom"):
        call_command("restore", store.root)


def test_old_backups_go_with_what_only_they_had(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"new content")
    kept = store.add(tmp_path / "file")
    store.write("two", Manifest("now", "0001_initial", kept.sha256, {"datasets/a/x.npy": kept}))
    assert store.keep_only(["two"]) == len(b"content")
    assert store.names() == ["two"]
    assert [path.name for path in store.root.glob("objects/*/*")] == [kept.sha256]
