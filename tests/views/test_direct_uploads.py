"""Uploads whose parts go from the browser straight to the store."""

import hashlib
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.storage import s3_server
from tests.storage.machines import Machine
from tests.storage.s3_server import S3Server
from tuning.actions import direct_uploads
from tuning.models import Dataset, PartialUpload
from tuning.storage import contract
from tuning.storage.configured import direct_store
from tuning.storage.s3 import S3Store
from tuning.supervisor.references import collect_unneeded, needed

URL = "/uploads/"
CONTENT = b"age,label\n1,yes\n2,no\n3,yes\n"
HASH = hashlib.sha256(CONTENT).hexdigest()
PART = 10
STORED = {"stored": True, "trouble": ""}
NOT_YET = {"stored": False, "trouble": ""}
Read = Callable[[PartialUpload], None]


@pytest.fixture(autouse=True)
def site(settings: Any, tmp_path: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Parts are ten bytes. What came is read at once, in place of a thread, whose connection would
    not see the rows of a test."""
    settings.STORAGE_URL = s3.url.replace("/data", f"/{tmp_path.name}")
    settings.STORAGE_DIRECT = True
    machine = Machine(settings, tmp_path / "site")
    machine.use()
    monkeypatch.setattr(direct_uploads, "PART_SIZE", PART)
    monkeypatch.setattr(direct_uploads, "_in_background", lambda read, upload: read(upload))
    monkeypatch.setattr(direct_uploads, "close_old_connections", lambda: None)
    return machine


@pytest.fixture
def key(as_bob: Client) -> int:
    """Of an upload that bob has begun."""
    return int(begin(as_bob).json()["key"])


def kept() -> S3Store:
    found = direct_store()
    assert found is not None
    return found


def begin(client: Client) -> Any:
    return client.post(URL, {"name": "people.csv", "size": len(CONTENT), "direct": "1"})


def part_of(number: int) -> bytes:
    return CONTENT[number * PART : (number + 1) * PART]


def sign(client: Client, key: int, number: int, content: bytes) -> Any:
    digest = hashlib.sha256(content).hexdigest()
    url = f"{URL}{key}/parts/{number}/address/"
    return client.post(url, headers={"X-Part-SHA256": digest})


def put(client: Client, key: int, number: int, sent: bytes | None = None) -> None:
    """As the page's script does. `sent`: in place of what was promised."""
    content = part_of(number)
    address = sign(client, key, number, content).json()["address"]
    body = content if sent is None else sent
    # A browser names no type; urllib would name that of a form.
    kind = {"Content-Type": "application/octet-stream"}
    request = urllib.request.Request(address, body, kind, method="PUT")  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        assert answer.status == 200


def arrived(client: Client, key: int) -> list[str]:
    return list(client.get(f"{URL}{key}/").json()["arrived"])


def finish(client: Client, key: int) -> Any:
    return client.post(f"{URL}{key}/finish/")


def create(client: Client, key: int) -> Any:
    return client.post("/datasets/new/", {"name": "People", "arrived": key, "target": "label"})


def in_bucket() -> set[str]:
    pages = kept().bucket.pages("list_objects_v2", "")
    return {
        kept().bucket.relative(each["Key"]) for page in pages for each in page.get("Contents", ())
    }


def test_parts_in_any_order_become_a_dataset(as_bob: Client, key: int, site: Machine) -> None:
    facts = as_bob.get(f"{URL}{key}/").json()
    assert (facts["parts"], facts["part_size"], facts["direct"]) == (3, PART, True)
    for number in (2, 0, 1):
        put(as_bob, key, number)
    assert finish(as_bob, key).json() == NOT_YET
    assert finish(as_bob, key).json() == STORED
    response = create(as_bob, key)
    row = Dataset.objects.get()
    assert response["Location"] == f"/datasets/{row.pk}/"
    assert row.upload == {**row.upload, "name": "people.csv", "target": "label"}
    assert (row.upload_sha256, row.upload_size) == (HASH, len(CONTENT))
    # Nothing of it was on the site's disk, and nothing else is in the bucket.
    assert list((site.root / "uploads").iterdir()) == []
    assert in_bucket() == {f"objects/{HASH}"}
    assert HASH in needed(kept())
    # A worker reads it like any other.
    assert row.uploaded.fetch().read_bytes() == CONTENT


def test_an_upload_goes_on_with_what_the_store_has(as_bob: Client, key: int) -> None:
    put(as_bob, key, 1)
    # Its connection broke.
    sign(as_bob, key, 0, part_of(0))
    assert arrived(as_bob, key) == ["1"]
    page = as_bob.get("/datasets/new/").content.decode()
    assert "people.csv</b>: partly uploaded. Choose it again to continue." in page
    refused = finish(as_bob, key)
    assert (refused.status_code, refused.content) == (
        422, b"The upload is not complete. Select the file again.\n",
    )  # fmt: skip
    assert create(as_bob, key).status_code == 422
    put(as_bob, key, 0)
    put(as_bob, key, 2)
    assert arrived(as_bob, key) == ["0", "1", "2"]
    finish(as_bob, key)
    assert create(as_bob, key).status_code == 302


def test_parts_that_do_not_reach_the_store_come_through_the_site(
    as_bob: Client, key: int, site: Machine
) -> None:
    put(as_bob, key, 0)
    for number, content in ((1, part_of(1)), (2, part_of(2))):
        digest = hashlib.sha256(content).hexdigest()
        url, kind = f"{URL}{key}/parts/{number}/", "application/octet-stream"
        for wrong, words in ((b"short", "wrong size"), (content[::-1], "changed on the way")):
            refused = as_bob.post(url, wrong, content_type=kind, headers={"X-Part-SHA256": digest})
            assert (refused.status_code, words in refused.content.decode()) == (422, True)
        answer = as_bob.post(url, content, content_type=kind, headers={"X-Part-SHA256": digest})
        assert answer.json() == {"part": number, "sha256": digest}
    assert not list(site.root.rglob("file"))
    finish(as_bob, key)
    create(as_bob, key)
    assert Dataset.objects.get().uploaded.fetch().read_bytes() == CONTENT


def test_a_part_is_signed_for_its_size_alone(as_bob: Client, key: int) -> None:
    address = sign(as_bob, key, 0, part_of(0)).json()["address"]
    assert "X-Amz-SignedHeaders=content-length%3Bhost" in address
    assert sign(as_bob, key, 3, b"").status_code == 422
    assert as_bob.post(f"{URL}{key}/parts/0/address/").status_code == 422
    for wrong in (part_of(0) * 2, part_of(0)[:1]):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            put(as_bob, key, 0, wrong)
    put(as_bob, key, 0)
    assert arrived(as_bob, key) == ["0"]


def test_a_file_that_changed_on_the_way_is_no_dataset(as_bob: Client, key: int) -> None:
    for number in range(3):
        put(as_bob, key, number, part_of(number)[::-1])
    finish(as_bob, key)
    refused = finish(as_bob, key)
    assert (refused.status_code, refused.content) == (
        422, b"The file changed on the way. Click Upload to send it again.\n",
    )  # fmt: skip
    assert not PartialUpload.objects.exists()
    assert create(as_bob, key).status_code == 422
    collect_unneeded()
    assert not any(name.startswith("objects/") for name in in_bucket())


def test_whatever_breaks_off_is_gone_on_with(
    as_bob: Client, key: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        put(as_bob, key, number)
    upload = PartialUpload.objects.get()
    # The parts were put together, and the site was killed before it could say so.
    kept().incoming(upload.key, upload.multipart_id).complete()
    assert arrived(as_bob, key) == ["0", "1", "2"]
    begun: list[Read] = []
    monkeypatch.setattr(direct_uploads, "_in_background", lambda read, _: begun.append(read))
    for _ in range(2):
        assert finish(as_bob, key).json() == NOT_YET
    assert len(begun) == 1, "one process reads it"
    # That one is gone.
    PartialUpload.objects.update(read_until=timezone.now())
    finish(as_bob, key)
    assert len(begun) == 2
    begun[1](PartialUpload.objects.get())
    assert finish(as_bob, key).json() == STORED
    # The page was reloaded now.
    assert arrived(as_bob, key) == ["0", "1", "2"]
    assert create(as_bob, key).status_code == 302


def test_a_file_that_is_gone_before_it_was_read_has_to_be_sent_again(
    as_bob: Client, key: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        put(as_bob, key, number)
    begun: list[Read] = []
    monkeypatch.setattr(direct_uploads, "_in_background", lambda read, _: begun.append(read))
    finish(as_bob, key)
    upload = PartialUpload.objects.get()
    kept().incoming(upload.key, upload.multipart_id).remove()
    begun[0](upload)
    refused = finish(as_bob, key)
    assert (refused.status_code, refused.content) == (
        422, b"The file was removed from the storage. Click Upload to send it again.\n",
    )  # fmt: skip
    assert not PartialUpload.objects.exists()


def test_a_reader_that_was_too_slow_finds_the_file_kept(as_bob: Client, key: int) -> None:
    for number in range(3):
        put(as_bob, key, number)
    slower = PartialUpload.objects.get()
    finish(as_bob, key)
    direct_uploads._read(slower)
    assert finish(as_bob, key).json() == STORED


def test_nobody_else_reads_a_large_file_while_it_is_copied(
    as_bob: Client, key: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = kept().bucket
    once = bucket.once
    claims: list[Any] = []

    def noting(operation: str, *args: Any, **options: Any) -> Any:
        if operation == "upload_part_copy":
            claims.append(PartialUpload.objects.get().read_until)
        return once(operation, *args, **options)

    monkeypatch.setattr(direct_uploads, "_CLAIM_AGAIN", 0.0)
    monkeypatch.setattr(bucket, "copied_at_once", PART)
    monkeypatch.setattr(bucket, "once", noting)
    for number in range(3):
        put(as_bob, key, number)
    finish(as_bob, key)
    assert finish(as_bob, key).json() == STORED
    assert len(set(claims)) == 3, "the claim is renewed before each part"


def test_a_store_that_is_away_while_it_is_read_is_asked_again(
    as_bob: Client, key: int, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        put(as_bob, key, number)
    noted: list[PartialUpload] = []
    monkeypatch.setattr(direct_uploads, "_SILENCE", 0.0)
    monkeypatch.setattr(direct_uploads, "_note_trouble", noted.append)
    # The parts are listed twice and put together first.
    s3.faults.extend([None, None, None, s3_server.broken, s3_server.busy])
    finish(as_bob, key)
    s3.faults.clear()
    assert len(noted) == 2
    assert finish(as_bob, key).json() == STORED


def refuses(operation: str, *_args: Any, **_options: Any) -> Any:
    raise contract.StorageError(f"The storage refuses (AccessDenied): {operation}")


def away(operation: str, *_args: Any, **_options: Any) -> Any:
    raise contract.Away(f"The storage does not answer: {operation}")


@pytest.mark.parametrize("fault", [refuses, away])
@pytest.mark.parametrize("place", ["complete_multipart_upload", "get_object", "copy_object"])
def test_who_waits_is_told_that_the_store_does_not_take_the_file(
    as_bob: Client, key: int, monkeypatch: pytest.MonkeyPatch, place: str, fault: Any
) -> None:
    """And it goes on as soon as the store takes it."""
    monkeypatch.setattr(contract, "PERSON_WAITS", 0.0)
    monkeypatch.setattr(contract, "WORKER_WAITS", 0.0)
    monkeypatch.setattr(direct_uploads, "_PAUSE", timedelta(0))
    for number in range(3):
        put(as_bob, key, number)
    bucket = kept().bucket
    once = bucket.once

    def asked(operation: str, *args: Any, **options: Any) -> Any:
        return (fault if operation == place else once)(operation, *args, **options)

    with monkeypatch.context() as broken:
        broken.setattr(bucket, "once", asked)
        for _ in range(2):
            told = finish(as_bob, key).json()
            assert told["stored"] is False
            assert "storage is not accepting the file" in told["trouble"]
    assert finish(as_bob, key).json() == NOT_YET, "it is read, and nothing is wrong any more"
    assert finish(as_bob, key).json() == STORED
    assert create(as_bob, key).status_code == 302


def test_a_store_that_refuses_is_not_asked_again_at_once(
    as_bob: Client, key: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        put(as_bob, key, number)
    asked: list[str] = []

    def refused(operation: str, *_args: Any, **_options: Any) -> Any:
        asked.append(operation)
        refuses(operation)

    monkeypatch.setattr(kept().bucket, "once", refused)
    answers = [finish(as_bob, key).json() for _ in range(3)]
    assert all(each["trouble"] for each in answers)
    assert len(asked) == 1


def test_who_waits_is_told_of_a_store_that_is_away_for_long(
    as_bob: Client, key: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    clock = SimpleNamespace(monotonic=lambda: now, time=time.time)
    monkeypatch.setattr(direct_uploads, "time", clock)
    upload = PartialUpload.objects.get()
    claim = direct_uploads._Claim(upload)
    for now, told in ((1.0, False), (9.0, False), (12.0, True), (13.0, True)):  # noqa: B007
        claim.away()
        claim()
        assert direct_uploads.has_trouble(upload) is told
    # A piece has come.
    claim()
    assert not direct_uploads.has_trouble(upload)
    now = 30.0
    claim.away()
    claim()
    assert not direct_uploads.has_trouble(upload), "it counts from its first silence on"


def test_without_the_store_an_upload_comes_through_the_site(
    as_bob: Client, s3: S3Server, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract, "PERSON_WAITS", 0.0)
    s3.faults.extend([s3_server.busy] * 5)
    assert begin(as_bob).json()["direct"] is False
    s3.faults.clear()
    settings.STORAGE_DIRECT = False
    facts = begin(as_bob).json()
    assert facts["direct"] is False
    assert sign(as_bob, facts["key"], 0, part_of(0)).status_code == 404


def test_others_get_no_address(
    as_alice: Client, as_charlie: Client, as_bob: Client, key: int
) -> None:
    for number in range(3):
        put(as_bob, key, number)
    for client in (as_alice, as_charlie):
        assert sign(client, key, 0, part_of(0)).status_code == 404
        assert finish(client, key).status_code == 404
    finish(as_bob, key)
    assert create(as_charlie, key).status_code == 422


def test_what_nobody_goes_on_with_is_collected(as_bob: Client, key: int, s3: S3Server) -> None:
    def parts() -> int:
        pages = kept().bucket.pages("list_multipart_uploads", "")
        return sum(len(page.get("Uploads", ())) for page in pages)

    # moto says of all that they began in 2010: this one is still being sent.
    collect_unneeded()
    assert parts() == 1
    as_bob.delete(f"{URL}{key}/")
    collect_unneeded()
    assert parts() == 0

    key = int(begin(as_bob).json()["key"])
    for number in range(3):
        put(as_bob, key, number)
    upload = PartialUpload.objects.get()
    kept().incoming(upload.key, upload.multipart_id).complete()
    s3.age(timedelta(days=2))
    collect_unneeded()
    assert in_bucket() == {f"incoming/{upload.key}"}
    PartialUpload.objects.update(used_at=timezone.now() - timedelta(days=2))
    collect_unneeded()
    assert in_bucket() == set()


def test_a_removed_upload_begins_again(as_bob: Client, key: int) -> None:
    upload = PartialUpload.objects.get()
    kept().incoming(upload.key, upload.multipart_id).remove()
    assert as_bob.get(f"{URL}{key}/").status_code == 404
    assert finish(as_bob, key).status_code == 404


def test_only_the_upload_page_may_send_something_to_the_store(
    as_bob: Client, s3: S3Server, settings: Any
) -> None:
    def allowed(address: str) -> set[str]:
        # In any order: the policy's directives come from a set.
        policy = str(as_bob.get(address)["Content-Security-Policy"])
        return {part.strip() for part in policy.split(";")}

    alone = "connect-src 'self'"
    assert f"{alone} {s3.endpoint}" in allowed("/datasets/new/")
    assert alone in allowed("/datasets/")
    settings.STORAGE_DIRECT = False
    assert alone in allowed("/datasets/new/")
