"""Mail is sent by a worker: pages never wait for a mail server."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.actions import mails
from tuning.models import OutgoingMail
from tuning.models.mails import GIVE_UP_AFTER
from tuning.supervisor.mails import is_due, send_due
from tuning.supervisor.on_demand import OnDemandThread


@pytest.fixture
def hints(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tasks that were called for."""
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_BACKEND = "tuning.actions.mails.WorkerBackend"
    called: list[str] = []
    monkeypatch.setattr(mails, "send_task", called.append)
    return called


@pytest.fixture
def hanging_server(settings: Any) -> Iterator[socket.socket]:
    """It takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_PORT = server.getsockname()[1]
        settings.EMAIL_TIMEOUT = 0.2
        yield server


@pytest.fixture
def smtp_server(settings: Any) -> Iterator[list[bytes]]:
    """What a mail server that takes everything was told."""
    told: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_PORT = server.getsockname()[1]
        thread = threading.Thread(target=_converse, args=(server, told), daemon=True)
        thread.start()
        yield told
        thread.join(10)


def _converse(server: socket.socket, told: list[bytes]) -> None:
    connection, _ = server.accept()
    with connection, connection.makefile("rwb") as lines:

        def say(text: bytes) -> None:
            lines.write(text + b"\r\n")
            lines.flush()

        say(b"220 ready")
        for line in lines:
            told.append(line)
            if line[:4].upper() == b"DATA":
                say(b"354 go on")
                while (text := lines.readline()) != b".\r\n":
                    told.append(text)
            say(b"221 bye" if line[:4].upper() == b"QUIT" else b"250 fine")


def ask_for_reset(client: Client, capture: Any) -> None:
    with capture(execute=True):
        response = client.post(reverse("password_reset"), {"email": "alice@example.com"})
    assert response.status_code == 302


def test_a_page_leaves_a_mail_for_a_worker(
    client: Client, alice: User, hints: list[str], smtp_server: list[bytes],
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    ask_for_reset(client, django_capture_on_commit_callbacks)
    assert hints == ["tuning.mails"]
    row = OutgoingMail.objects.get()
    assert row.recipients == ["alice@example.com"]
    assert smtp_server == []

    send_due()
    assert not OutgoingMail.objects.exists()
    assert b"rcpt TO:<alice@example.com>\r\n" in smtp_server
    assert b"/accounts/reset/" in b"".join(smtp_server)


def test_a_server_that_hangs_is_tried_again_later(
    client: Client, alice: User, hints: list[str], hanging_server: socket.socket,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    ask_for_reset(client, django_capture_on_commit_callbacks)
    send_due()
    row = OutgoingMail.objects.get()
    assert row.attempts == 1
    assert row.next_try_at > timezone.now()
    assert not OutgoingMail.objects.due().exists()
    OutgoingMail.objects.update(created_at=timezone.now() - GIVE_UP_AFTER - timedelta(seconds=1))
    send_due()
    assert not OutgoingMail.objects.exists(), "nobody waits for it any more"


@pytest.mark.django_db
def test_one_worker_takes_a_mail() -> None:
    row = OutgoingMail.objects.create(sender="a@example.com", recipients=["b@example.com"])
    assert OutgoingMail.objects.take(row.pk, 60)
    assert not OutgoingMail.objects.take(row.pk, 60)


@pytest.mark.django_db(transaction=True)
def test_a_worker_looks_by_itself(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EMAIL_HOST = "127.0.0.1"
    sent: list[OutgoingMail] = []
    monkeypatch.setattr("tuning.supervisor.mails._send", sent.append)
    OutgoingMail.objects.create(sender="a@example.com", recipients=["b@example.com"])
    thread = OnDemandThread("mails", is_due, send_due)
    thread.check()
    # The tests' database in memory refuses to be read while another thread writes.
    thread.join()
    assert len(sent) == 1
    assert not OutgoingMail.objects.exists()
    assert mail.outbox == []
