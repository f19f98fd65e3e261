"""`manage.py worker --join` before anything is asked, and what a joined machine's settings are. The
whole way: `tests/system/test_joining.py`."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.services import clean_environment, free_port, manage
from tuning.management.joining import NotJoined, join
from webapp import joined
from webapp.settings import checked_tls

ANSWER: dict[str, Any] = {
    "name": "gpu-1", "site": "https://site.example.com", "files": {"database-ca.pem": "CA"},
    "settings": {"DATABASE_URL": "postgres://a@db/x?sslrootcert={TUNEROOM_DATA}/database-ca.pem"},
}  # fmt: skip


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_ROOT = tmp_path
    return tmp_path


@pytest.mark.parametrize(
    ("site", "said"),
    [
        ("site.example.com", "is not the address of a site"),
        ("ftp://site.example.com", "is not the address of a site"),
        ("https://[site.example.com", "is not the address of a site"),
        ("http://site.example.com", "http:// does not encrypt them"),
        ("https://127.0.0.1:{port}", "did not answer as a Tuneroom site does"),
        ("http://127.0.0.2:{port}", "did not answer as a Tuneroom site does"),
    ],
)
def test_what_cannot_be_joined_is_said(folder: Path, site: str, said: str) -> None:
    with pytest.raises(NotJoined, match=said):
        join(site.format(port=free_port()), "token", allow_http=False)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["db.sqlite3", "static"])
def test_a_site_s_folder_does_not_become_a_machine_s(folder: Path, name: str) -> None:
    (folder / name).touch()
    with pytest.raises(NotJoined, match="is the data folder of a site"):
        join("https://site.example.com", "token", allow_http=False)


@pytest.mark.slow
def test_a_machine_that_has_not_joined_says_how_to(settings: Any) -> None:
    with pytest.raises(CommandError, match="choose Workers, Add a machine"):
        call_command("worker")
    settings.JOINED_AS, settings.JOINED_SITE = "gpu-1", "https://site.example.com/"
    with pytest.raises(CommandError, match=r"has joined https://site.example.com/"):
        call_command("worker", "--join", "https://another.example.com", "--token", "x")
    for command in ("up", "bootstrap"):
        with pytest.raises(CommandError, match="runs a worker only"):
            call_command(command)


def test_the_settings_are_their_owner_s_and_the_environment_goes_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my data"
    folder.mkdir()
    joined.save(folder, ANSWER)
    assert sorted(path.name for path in folder.iterdir()) == ["database-ca.pem", "joined.json"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    kept = joined.joined(folder)
    assert (kept["name"], kept["site"]) == ("gpu-1", "https://site.example.com")

    monkeypatch.delenv("DATABASE_URL", raising=False)
    joined.apply(kept["settings"], folder)
    place = str(folder).replace(" ", "%20")
    assert os.environ["DATABASE_URL"] == f"postgres://a@db/x?sslrootcert={place}/database-ca.pem"
    monkeypatch.setenv("DATABASE_URL", "postgres://another/y")
    joined.apply(kept["settings"], folder)
    assert os.environ["DATABASE_URL"] == "postgres://another/y"


def test_a_joined_machine_has_no_secret_key(tmp_path: Path) -> None:
    joined.save(tmp_path, {**ANSWER, "settings": {}})
    done = manage(
        "shell", "-c", "from django.conf import settings; settings.SECRET_KEY",
        environment=clean_environment(TUNEROOM_DATA=str(tmp_path)),
    )  # fmt: skip
    assert "The SECRET_KEY setting must not be empty" in done.stderr
    assert not (tmp_path / "secret_key").exists()


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        ("rediss://h:1/0", "rediss://h:1/0?ssl_cert_reqs=required"),
        ("rediss://h/0?ssl_ca_certs=/a", "rediss://h/0?ssl_ca_certs=/a&ssl_cert_reqs=required"),
        ("rediss://h/0?ssl_cert_reqs=none", "rediss://h/0?ssl_cert_reqs=none"),
        ("redis://h/0", "redis://h/0"),
    ],
)
def test_certificates_of_redis_are_checked_unless_somebody_says_otherwise(
    url: str, checked: str
) -> None:
    assert checked_tls(url) == checked
