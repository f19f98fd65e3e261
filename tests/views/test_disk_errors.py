"""The storage or the database cannot be written to: a sentence in place of an error page, nothing
half written, and all is well again once the cause is gone."""

import errno
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from tests.api.conftest import Caller
from tuning.actions import partial_uploads, uploads
from tuning.models import Dataset, PartialUpload, Team

SAYS = "storage cannot be used at the moment, and nothing was saved"
TABLE = b"a,b\n1,2\n3,4\n"
BROKEN = [
    OSError(number, os.strerror(number))
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO, errno.ESTALE)
]


@pytest.fixture
def as_alice(as_alice: Client) -> Client:
    as_alice.raise_request_exception = False
    return as_alice


@pytest.fixture
def root(settings: Any, tmp_path: Path) -> Path:
    settings.UPLOADS_ROOT = settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    return tmp_path


@contextmanager
def failing(target: Any, name: str, error: Exception) -> Iterator[None]:
    """Within, this call fails."""

    def fail(*_: Any, **__: Any) -> None:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target, name, fail)
        yield


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def send(client: Client, team: Team) -> Any:
    data = {"file": SimpleUploadedFile("ship.csv", TABLE), "team": team.pk, "name": "Ship"}
    return client.post(reverse("dataset-create"), data, headers={"accept": "text/html"})


@pytest.mark.parametrize("error", BROKEN, ids=str)
def test_an_upload_is_stored_whole_or_not_at_all(
    as_alice: Client, team: Team, root: Path, caplog: Any, error: OSError
) -> None:
    with failing(uploads.os, "fsync", error):
        answer = send(as_alice, team)
    assert answer.status_code == 507
    assert SAYS in answer.content.decode()
    assert str(error) in caplog.text, "for the administrator"
    assert files_in(root) == []
    assert not Dataset.objects.filter(team=team).exists()
    assert send(as_alice, team).status_code == 302
    assert files_in(root) == [Dataset.objects.get(team=team).key]


@pytest.mark.parametrize(
    "words", ["database or disk is full", "attempt to write a readonly database", "disk I/O error"]
)
def test_a_full_database_keeps_no_file(
    as_alice: Client, team: Team, root: Path, words: str
) -> None:
    error = OperationalError(words)
    error.__cause__ = sqlite3.OperationalError(words)
    with failing(Dataset, "save", error):
        answer = send(as_alice, team)
    assert (answer.status_code, files_in(root)) == (507, [])
    assert SAYS in answer.content.decode()


def test_a_part_that_was_not_stored_is_sent_again(
    as_alice: Client, alice: User, root: Path
) -> None:
    upload = partial_uploads.begin_upload(alice, "ship.csv", len(TABLE))
    assert upload is not None
    url = reverse("upload-part", args=[upload.pk, 0])

    def post() -> Any:
        digest = hashlib.sha256(TABLE).hexdigest()
        kind = "application/octet-stream"
        return as_alice.post(url, TABLE, content_type=kind, headers={"X-Part-SHA256": digest})

    with failing(partial_uploads.os, "fdatasync", BROKEN[0]):
        answer = post()
    assert answer.status_code == 507
    assert answer["Content-Type"].startswith("text/plain"), "for the page's script"
    assert PartialUpload.objects.get().arrived == {}
    assert post().status_code == 200
    assert PartialUpload.objects.get().file.read_bytes() == TABLE


def test_the_api_answers_with_a_problem(alice: User, team: Team, root: Path) -> None:
    caller = Caller(alice)
    caller.client.raise_request_exception = False
    headers = {"Authorization": f"Bearer {caller.token}"}

    def post() -> Any:
        data = {"file": SimpleUploadedFile("ship.csv", TABLE), "team": team.pk, "name": "Ship"}
        return caller.client.post("/api/v1/datasets", data, headers=headers)

    with failing(uploads.os, "fsync", BROKEN[0]):
        answer = post()
    assert (answer.status_code, answer["Content-Type"]) == (507, "application/problem+json")
    assert SAYS in answer.json()["detail"]
    assert post().status_code == 201


@pytest.mark.parametrize("error", [RuntimeError("a mistake"), OSError(errno.EPIPE, "broken pipe")])
def test_other_mistakes_are_called_by_another_name(
    as_alice: Client, team: Team, root: Path, error: Exception
) -> None:
    with failing(uploads.os, "fsync", error):
        answer = send(as_alice, team)
    assert answer.status_code == 500
    assert "Something went wrong" in answer.content.decode()
