"""Settings: nonsense is refused with a sentence, and docs/settings.md names every one of them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.services import ROOT, clean_environment
from webapp import settings as site

DOCS = ROOT / "docs" / "settings.md"
READS = re.compile(
    r"""(?:environ\.get\(|environ\[|env_(?:bool|int|list|networks)\(|getenv\()\s*["']([A-Z][A-Z_]+)["']"""
)
# Django's own, and what one of our processes tells another.
NOT_SETTINGS = {
    "DJANGO_SETTINGS_MODULE", "TUNEROOM_WORKER_PARENT", "NO_COLOR",
    # In a script that people run elsewhere, to read an export.
    "TUNEROOM_TOKEN",
}  # fmt: skip


def read_settings(data: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", "import webapp.settings as s; print(s.SLOTS, s.DEBUG, s.HTTPS)"],
        env=clean_environment(TUNEROOM_DATA=str(data), **settings),
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLOTS", "many"),
        ("SLOTS", "-1"),
        ("DEBUG", "maybe"),
        ("HTTPS", "2"),
        ("EMAIL_PORT", "0"),
        ("RUNNER_MEMORY_MB", "1.5"),
        ("RUNNER_FILE_SIZE_MB", "0"),
        ("UPLOAD_MAX_MB", "lots"),
        ("TRUSTED_PROXIES", "proxy.example.com"),
    ],
)
def test_nonsense_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    done = read_settings(tmp_path, **{name: value})
    assert done.returncode != 0
    assert f"ImproperlyConfigured: {name} is {value!r}" in done.stderr.replace('"', "'")


@pytest.mark.slow
def test_https_makes_cookies_and_browsers_keep_to_it(tmp_path: Path) -> None:
    code = (
        "import webapp.settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, "
        "s.SECURE_HSTS_SECONDS, s.ONLY_LOCAL)"
    )
    found = []
    for settings in ({}, {"HTTPS": "1", "ALLOWED_HOSTS": "tuneroom.example.com"}):
        environment = clean_environment(TUNEROOM_DATA=str(tmp_path), **settings)
        found += subprocess.check_output(
            [sys.executable, "-c", code], env=environment, cwd=ROOT, text=True
        ).splitlines()
    assert found == ["False False 0 True", "True True 2592000 False"]


@pytest.mark.parametrize(
    ("issuer", "client", "said"),
    [
        ("http://login.example.com", "id", "must begin with https://"),
        ("https:///realm", "id", "must begin with https://"),
        ("https://login.example.com", "", "OIDC_CLIENT_ID is not"),
    ],
)
def test_single_sign_on_is_complete_and_encrypted(
    monkeypatch: pytest.MonkeyPatch, issuer: str, client: str, said: str
) -> None:
    monkeypatch.setenv("OIDC_ISSUER", issuer)
    monkeypatch.setenv("OIDC_CLIENT_ID", client)
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "secret")
    with pytest.raises(ImproperlyConfigured, match=said):
        site.oidc_issuer()
    for fine in ("https://login.example.com/realms/a/", "http://127.0.0.1:8080", ""):
        monkeypatch.setenv("OIDC_ISSUER", fine)
        monkeypatch.setenv("OIDC_CLIENT_ID", "id")
        assert site.oidc_issuer() == fine


@pytest.mark.slow
def test_sense_is_taken(tmp_path: Path) -> None:
    done = read_settings(tmp_path, SLOTS="3", DEBUG="", HTTPS="yes")
    assert done.stdout.split() == ["3", "False", "True"]


@pytest.mark.parametrize(("given", "threads"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_small_matrices_take_one_thread(
    tmp_path: Path, given: dict[str, str], threads: str
) -> None:
    """Before numpy is imported, which reads it then."""
    code = (
        "import os, sys, webapp.settings; "
        "print(os.environ['OPENBLAS_NUM_THREADS'], 'numpy' in sys.modules)"
    )
    environment = clean_environment(TUNEROOM_DATA=str(tmp_path))
    # The settings of this process have set it for those that it starts.
    environment.pop("OPENBLAS_NUM_THREADS", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env={**environment, **given}, cwd=ROOT, text=True,
        capture_output=True,
    )  # fmt: skip
    assert done.stdout.split() == [threads, "False"]


def test_the_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    read_settings(tmp_path)
    key = tmp_path / "secret_key"
    first = key.read_text()
    assert len(first) > 50
    assert key.stat().st_mode & 0o077 == 0
    read_settings(tmp_path)
    assert key.read_text() == first


def read_names() -> set[str]:
    # A runner's environment is made for it by the supervisor: nothing there is for people to set.
    sources = [
        path
        for folder in ("webapp", "tuning")
        for path in (ROOT / folder).rglob("*.py")
        if ROOT / "tuning" / "runner" not in path.parents
    ]
    return {name for path in sources for name in READS.findall(path.read_text())} - NOT_SETTINGS


def documented_names() -> set[str]:
    return set(re.findall(r"^\| `([A-Z][A-Z_]+)`", DOCS.read_text(), re.MULTILINE))


def test_every_setting_is_documented() -> None:
    assert read_names() - documented_names() == set()


def test_nothing_is_documented_that_is_not_there() -> None:
    elsewhere = (ROOT / "Makefile").read_text() + (ROOT / "tests" / "services.py").read_text()
    known_to_gunicorn = {"WEB_CONCURRENCY", "GUNICORN_CMD_ARGS"}
    gone = documented_names() - read_names() - known_to_gunicorn
    assert {name for name in gone if name not in elsewhere} == set()


@pytest.mark.slow
def test_connections_to_a_database_that_is_cut_off_end_soon(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import webapp.settings as s; print(s.DATABASES)"],
        env=clean_environment(
            TUNEROOM_DATA=str(tmp_path), DATABASE_URL="postgres://host/name?sslmode=require"
        ),
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert "'tcp_user_timeout': 20000" in done.stdout
    assert "tcp_keepalives_idle=10" in done.stdout
    assert "'sslmode': 'require'" in done.stdout
