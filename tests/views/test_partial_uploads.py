"""Uploads in parts: in any order, again after a lost connection, by their owner alone."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tuning.actions import partial_uploads
from tuning.models import Dataset, PartialUpload
from tuning.supervisor.files import sweep

URL = "/uploads/"
CONTENT = b"age,label\n1,yes\n2,no\n3,yes\n"
PART = 10


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of our own: other tests may run beside this one. Parts are ten bytes."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    settings.UPLOADS_ROOT = settings.FILE_UPLOAD_TEMP_DIR = folder
    monkeypatch.setattr(partial_uploads, "PART_SIZE", PART)
    return folder


def begin(client: Client, name: str = "people.csv", size: int = len(CONTENT)) -> Any:
    return client.post(URL, {"name": name, "size": size})


def part_of(number: int) -> bytes:
    return CONTENT[number * PART : (number + 1) * PART]


def send(
    client: Client, key: int, number: int, content: bytes | None = None, **headers: str
) -> Any:
    body = part_of(number) if content is None else content
    kind = "application/octet-stream"
    return client.post(f"{URL}{key}/parts/{number}/", body, content_type=kind, headers=headers)


def create(client: Client, key: Any, **values: Any) -> Any:
    return client.post("/datasets/new/", {"name": "People", "arrived": key, **values})


@pytest.fixture
def key(as_bob: Client) -> int:
    """Of an upload that bob has begun."""
    return int(begin(as_bob).json()["key"])


def test_parts_in_any_order_become_a_dataset(as_bob: Client, key: int, uploads: Path) -> None:
    facts = as_bob.get(f"{URL}{key}/").json()
    assert (facts["parts"], facts["part_size"], facts["arrived"]) == (3, PART, {})
    for number in (2, 0, 1):
        digest = hashlib.sha256(part_of(number)).hexdigest()
        answer = send(as_bob, key, number, **{"X-Part-SHA256": digest})
        assert answer.json() == {"part": number, "sha256": digest}
    response = create(as_bob, key, target="label")
    row = Dataset.objects.get()
    assert response["Location"] == f"/datasets/{row.pk}/"
    assert row.upload == {**row.upload, "name": "people.csv", "target": "label"}
    assert row.original.read_bytes() == CONTENT
    assert not PartialUpload.objects.exists()
    assert [path.name for path in uploads.iterdir()] == [row.key]


def test_a_second_copy_of_a_part_changes_nothing(as_bob: Client, key: int) -> None:
    assert send(as_bob, key, 0).status_code == 200
    assert send(as_bob, key, 0).status_code == 200
    refused = send(as_bob, key, 0, b"other data")
    assert (refused.status_code, "changed on the way" in refused.content.decode()) == (422, True)
    for number in (1, 2):
        send(as_bob, key, number)
    create(as_bob, key)
    assert Dataset.objects.get().original.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("number", "content", "words"),
    [
        (0, b"short", "wrong size: 10 bytes were expected"),
        (0, b"eleven byte", "wrong size: 10 bytes were expected"),
        (0, b"", "wrong size"),
        (2, b"seven b more", "wrong size: 7 bytes were expected"),
        (3, b"", "there is no part 3"),
    ],
)
def test_a_part_of_the_wrong_size_does_not_count(
    as_bob: Client, key: int, number: int, content: bytes, words: str
) -> None:
    send(as_bob, key, 1)
    answer = send(as_bob, key, number, content)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert list(as_bob.get(f"{URL}{key}/").json()["arrived"]) == ["1"]
    # What it wrote is overwritten, and its neighbours are as they were.
    for each in range(3):
        send(as_bob, key, each)
    create(as_bob, key)
    assert Dataset.objects.get().original.read_bytes() == CONTENT


def test_damaged_data_are_noticed(as_bob: Client, key: int) -> None:
    digest = hashlib.sha256(b"something ").hexdigest()
    answer = send(as_bob, key, 0, **{"X-Part-SHA256": digest})
    assert (answer.status_code, as_bob.get(f"{URL}{key}/").json()["arrived"]) == (422, {})


def test_an_upload_goes_on_where_it_was(as_bob: Client, key: int) -> None:
    send(as_bob, key, 1)
    page = as_bob.get("/datasets/new/").content.decode()
    assert "people.csv</b>: 37 % uploaded. Choose it again to continue." in page
    arrived = as_bob.get(f"{URL}{key}/").json()["arrived"]
    assert arrived == {"1": hashlib.sha256(part_of(1)).hexdigest()}
    refused = create(as_bob, key)
    assert "The upload is not complete. Select the file again." in refused.content.decode()
    for number in (0, 2):
        send(as_bob, key, number)
    assert create(as_bob, key).status_code == 302


def test_what_has_arrived_is_kept_while_a_field_is_wrong(as_bob: Client, key: int) -> None:
    for number in range(3):
        send(as_bob, key, number)
    response = create(as_bob, key, name="")
    assert response.status_code == 422
    assert f'name="arrived" value="{key}"' in response.content.decode()
    assert create(as_bob, key).status_code == 302


def test_a_file_that_is_none_goes_at_once(as_bob: Client, uploads: Path) -> None:
    key = begin(as_bob, "photos.zip", 10).json()["key"]
    send(as_bob, key, 0, b"no archive")
    response = create(as_bob, key)
    assert "does not match its extension" in response.content.decode()
    assert 'name="arrived" value=""' in response.content.decode()
    assert list(uploads.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "size", "words"),
    [
        ("notes.docx", 10, "Unsupported file type: “notes.docx”. Upload one of .npz"),
        ("people.csv", 0, "The file is empty."),
        ("people.csv", (1 << 20) + 1, "The file exceeds the limit of 1 MB."),
        ("people.csv", "", "This field is required."),
    ],
)
def test_what_its_name_and_size_tell_is_refused_before_it_is_sent(
    as_bob: Client, settings: Any, uploads: Path, name: str, size: Any, words: str
) -> None:
    settings.UPLOAD_MAX_MB = 1
    response = begin(as_bob, name, size)
    assert (response.status_code, words in response.content.decode()) == (422, True)
    assert list(uploads.iterdir()) == []


def test_the_disk_keeps_its_room(as_bob: Client, key: int, settings: Any) -> None:
    settings.DISK_FLOOR_MB = 1 << 40
    assert begin(as_bob).status_code == 507
    assert send(as_bob, key, 0).status_code == 507


def test_a_person_has_a_limited_number_of_unfinished_uploads(
    as_bob: Client, key: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial_uploads, "MAX_OPEN", 2)
    assert begin(as_bob).status_code == 201
    assert begin(as_bob).status_code == 409
    assert as_bob.delete(f"{URL}{key}/").status_code == 204
    assert begin(as_bob).status_code == 201


def test_others_neither_add_to_an_upload_nor_see_it(
    as_alice: Client, as_charlie: Client, as_bob: Client, key: int
) -> None:
    for number in range(3):
        send(as_bob, key, number)
    for client in (as_alice, as_charlie):
        assert send(client, key, 0).status_code == 404
        assert client.get(f"{URL}{key}/").status_code == 404
        assert client.delete(f"{URL}{key}/").status_code == 404
        assert create(client, key).status_code == 422
        assert "people.csv" not in client.get("/datasets/new/").content.decode()
    assert not Dataset.objects.exists()
    assert create(as_bob, key).status_code == 302


def test_viewers_begin_none(as_dora: Client) -> None:
    assert begin(as_dora).status_code == 403


def test_without_the_token_nothing_is_taken(bob: User, key: int) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
    assert send(client, key, 0).status_code == 403
    client.get("/datasets/new/")
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    assert send(client, key, 0, **{"X-CSRFToken": token}).status_code == 200


@pytest.mark.parametrize("key", ["", "²", "-1", "9" * 30, "abc"])
def test_a_strange_key_is_no_upload(as_bob: Client, key: str) -> None:
    assert create(as_bob, key).status_code == 422


def test_what_nobody_used_for_a_day_is_removed(as_bob: Client, key: int, uploads: Path) -> None:
    send(as_bob, key, 0)
    sweep()
    assert PartialUpload.objects.get().folder.is_dir()
    long_ago = timezone.now() - timedelta(days=1, minutes=1)
    PartialUpload.objects.update(used_at=long_ago)
    assert send(as_bob, key, 1).status_code == 404
    sweep()
    assert not PartialUpload.objects.exists()
