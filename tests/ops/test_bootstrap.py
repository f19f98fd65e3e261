"""`manage.py bootstrap`: an empty folder becomes complete, a complete one stays as it is."""

import os
import re
import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from tests.services import FIRST_USER, clean_environment, first_command, manage
from tuning.management.commands.bootstrap import (
    Command,
    first_password_file,
    random_password,
    static_fingerprint,
)
from tuning.models import Dataset, HyperModel, Project, Team
from tuning.protocol.catalogue import CATALOGUE

COUNT = """
from django.contrib.auth.models import User
from tuning.models import Dataset, Project
ready = Dataset.objects.exclude(folder="")
print(User.objects.count(), Project.objects.count(), ready.count())
print(User.objects.get().check_password("{}"))
"""


@pytest.mark.tensorflow
def test_an_empty_folder_becomes_complete_and_stays_so(tmp_path: Path) -> None:
    first, data = first_command(), tmp_path / "data"
    assert first.returncode == 1
    assert first.stderr.startswith("CommandError: Unknown dataset 'no'. Available: digits")
    # Where nobody watches, output goes to a journal.
    assert f"Its password is in {first.data}/first_password.txt" in first.stdout.replace("\n", "")
    shutil.copytree(first.kept, data)
    secret, static = data / "first_password.txt", data / "static"
    assert secret.stat().st_mode & 0o777 == 0o600
    name, password = secret.read_text().split()
    assert name == FIRST_USER
    assert password not in first.stdout + first.stderr
    assert (static / "staticfiles.json").exists()
    assert not list(static.rglob("widgetbundle*"))
    assert list((static / "plotly").glob("plotly.min.*.js.gz"))

    changed = {path: path.stat().st_mtime_ns for path in static.rglob("*")}
    environment = clean_environment(TUNEROOM_DATA=str(data))
    second = manage("bootstrap", environment=environment)
    assert (second.returncode, second.stdout) == (0, "")
    assert changed == {path: path.stat().st_mtime_ns for path in static.rglob("*")}

    counted = manage(
        "shell", "--verbosity", "0", "-c", COUNT.format(password), environment=environment
    )
    bundled = sum(not entry.download_mb for entry in CATALOGUE)
    assert counted.stdout.split() == ["1", "1", str(bundled), "True"], counted.stderr


@pytest.fixture
def command(db: None, monkeypatch: pytest.MonkeyPatch) -> Command:
    for name in ("TUNEROOM_ADMIN_USER", "TUNEROOM_ADMIN_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    command = Command(stdout=StringIO())
    command._load_builtins()
    return command


def written(command: Command) -> str:
    text: str = command.stdout._out.getvalue()
    return text


def test_the_first_account_owns_a_team_with_a_sample(command: Command) -> None:
    command._create_account()
    user = User.objects.get()
    assert user.username == "admin"
    assert Team.objects.owned_by(user).count() == 1
    project = Project.objects.visible_to(user).get()
    assert (project.dataset.key, project.hypermodel.key) == ("digits", "cnn")
    path = first_password_file()
    assert str(path) in written(command)
    name, password = path.read_text().split()
    assert name == "admin"
    assert user.check_password(password)
    assert password not in written(command)
    path.unlink()


def test_a_terminal_shows_the_password(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command.stdout, "isatty", lambda: True)
    command._create_account()
    found = re.search(r"password +([a-z2-9-]{19}) ", written(command))
    assert found
    assert User.objects.get().check_password(found[1])
    assert not first_password_file().exists()


def test_a_given_password_is_used_and_not_shown(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNEROOM_ADMIN_USER", "ada")
    monkeypatch.setenv("TUNEROOM_ADMIN_PASSWORD", "analytical-engine")
    command._create_account()
    assert User.objects.get(username="ada").check_password("analytical-engine")
    assert "analytical-engine" not in written(command)


def test_a_weak_password_is_refused_with_a_sentence(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNEROOM_ADMIN_PASSWORD", "1234")
    with pytest.raises(CommandError, match=r"TUNEROOM_ADMIN_PASSWORD can't be used.*too short"):
        command._create_account()
    assert not User.objects.exists()


def test_no_account_is_added_to_others(command: Command, alice: User) -> None:
    command._create_account()
    assert User.objects.get() == alice


def test_builtins_are_loaded_once(command: Command) -> None:
    before = Dataset.objects.count(), HyperModel.objects.count()
    command._load_builtins()
    assert (Dataset.objects.count(), HyperModel.objects.count()) == before


def test_passwords_differ_and_have_no_lookalikes() -> None:
    passwords = {random_password() for _ in range(100)}
    assert len(passwords) == 100
    assert not set("01il o") & set("".join(passwords))


def test_the_fingerprint_follows_the_files(tmp_path: Path, settings: Any) -> None:
    settings.STATICFILES_DIRS = [tmp_path]
    (tmp_path / "page.js").write_text("1")
    before = static_fingerprint()
    assert static_fingerprint() == before
    os.utime(tmp_path / "page.js", (1, 1))
    assert static_fingerprint() != before


@pytest.mark.slow
def test_up_refuses_a_folder_that_is_not_set_up(tmp_path: Path) -> None:
    done = manage("up", environment=clean_environment(TUNEROOM_DATA=str(tmp_path)))
    assert done.returncode == 1
    assert done.stderr == "CommandError: Tuneroom is not set up here yet. First run: make setup\n"


@pytest.mark.slow
@pytest.mark.parametrize("command", [("tune", "--dataset=digits", "--template=cnn"), ("up",)])
def test_a_server_database_is_set_up_by_a_person(tmp_path: Path, command: tuple[str, ...]) -> None:
    url = f"sqlite:///{tmp_path / 'server.sqlite3'}"
    environment = clean_environment(TUNEROOM_DATA=str(tmp_path / "data"), DATABASE_URL=url)
    done = manage(*command, environment=environment)
    assert done.returncode == 1
    assert "First run: make setup" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_database_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").write_text("no database at all" * 100)
    environment = clean_environment(TUNEROOM_DATA=str(tmp_path))
    for command in (("tune", "--dataset=digits", "--template=cnn"), ("up",), ("bootstrap",)):
        done = manage(*command, environment=environment)
        assert done.stderr == (
            "CommandError: The database can't be reached: file is not a database\n"
        )


@pytest.mark.parametrize("port", ["0", "http", "70000"])
def test_up_refuses_a_port_that_is_none(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(CommandError, match=f"PORT is '{port}'"):
        call_command("up")
