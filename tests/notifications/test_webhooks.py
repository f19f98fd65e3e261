"""Webhooks: signed, each once, also after failures, and never into this network."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F

import tuning
from tuning.event_kinds import FOR_WEBHOOKS, EventKind
from tuning.models import Delivery, Notification, Project, Search, Team, Webhook
from tuning.models.webhooks import MAX_TRIES, pause_after
from tuning.protocol.public_addresses import is_public, may_reach
from tuning.recording import announcing
from tuning.supervisor import posting
from tuning.supervisor.notifying import deliver_due, is_due
from tuning.supervisor.on_demand import OnDemandThread
from tuning.supervisor.webhooks import DISABLE_AFTER, deliver

from .receiver import Receiver, receiving

pytestmark = pytest.mark.django_db

Status = Delivery.Status
LOOPBACK = [ip_network("127.0.0.0/8")]


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_NETWORKS = LOOPBACK
    settings.SITE_URL = "https://tuneroom.example"
    with receiving() as found:
        yield found


@pytest.fixture
def webhook(team: Team, alice: User, receiver: Receiver) -> Webhook:
    kinds = [kind.value for kind in FOR_WEBHOOKS]
    return Webhook.objects.create(team=team, url=receiver.url, kinds=kinds, created_by=alice)


class Clock:
    """A worker's passes, one after the other, by a clock of their own."""

    def __init__(self, webhook: Webhook) -> None:
        self.webhook = webhook
        # Later than what was created by the real one.
        self.now = datetime.now(UTC) + timedelta(minutes=1)

    def after(self, pause: timedelta) -> None:
        self.now += pause
        deliver(self.webhook.pk, self.now)


def test_after_five_failures_each_arrives_once_and_signed(
    webhook: Webhook, receiver: Receiver, search: Search
) -> None:
    announcing.search_ended(search, "")
    announcing.search_failed(search, "No more.")
    receiver.statuses = [500, 503, 404, 429, 302]
    clock = Clock(webhook)
    clock.after(timedelta())
    for tries in range(1, 6):
        assert len(receiver.received) == tries
        # Not before its time, however often workers look.
        clock.after(pause_after(tries) - timedelta(seconds=1))
        assert len(receiver.received) == tries
        clock.after(timedelta(seconds=1))
    for _ in range(3):
        clock.after(timedelta(days=1))

    assert len(receiver.received) == 5 + 2
    first, second = receiver.received[-2:]
    assert {one.body for one in receiver.received[:6]} == {first.body}, "the same in each try"
    assert {one.headers["webhook-id"] for one in receiver.received[:6]} == {first.document["id"]}
    assert len({one.headers["webhook-timestamp"] for one in receiver.received[:6]}) == 6
    assert [one.document["type"] for one in (first, second)] == ["search.ended", "search.failed"]
    assert all(one.is_signed_with(webhook.secret) for one in receiver.received)
    assert not first.is_signed_with("whsec_AAAA")
    rows = Delivery.objects.order_by("created_at", "pk")
    assert {row.status for row in rows} == {Status.DELIVERED}
    assert sorted(row.tries for row in rows) == [1, 6]
    webhook.refresh_from_db()
    assert (webhook.failing_since, webhook.disabled_at) == (None, None)


def test_the_document(webhook: Webhook, receiver: Receiver, search: Search, team: Team) -> None:
    announcing.search_ended(search, "Max trials reached.")
    Clock(webhook).after(timedelta())
    (received,) = receiver.received
    delivery = Delivery.objects.get()
    assert received.headers["content-type"] == "application/json"
    assert received.document == {
        "id": str(delivery.pk),
        "type": "search.ended",
        "timestamp": delivery.event.created_at.isoformat(),
        "text": "Search 1 completed with 3 trials. Best val_accuracy: 0.9500 (trial 3).",
        "url": f"https://tuneroom.example/projects/{search.project_id}/searches/1/",
        "team": {"id": team.pk, "name": "Digits team"},
        "project": {"id": search.project_id, "name": "Digits"},
        "data": {
            "search": {
                "number": 1, "name": "", "status": "completed", "trials": 3, "best_trial": 3,
                "best_score": 0.95, "objective": "val_accuracy",
                "end_reason": "Max trials reached.",
            }
        },
    }  # fmt: skip


def test_the_docs(webhook: Webhook, receiver: Receiver, search: Search) -> None:
    text = (Path(tuning.__file__).parents[1] / "docs" / "webhooks.md").read_text()
    kinds = set(re.findall(r"^\| `([a-z.]+)` \|", text, re.MULTILINE))
    assert kinds == {*FOR_WEBHOOKS, EventKind.TEST}
    announcing.search_ended(search, "")
    Clock(webhook).after(timedelta())
    (received,) = receiver.received
    example = json.loads(text.split("```json")[1].split("```")[0])
    assert example.keys() == received.document.keys()
    assert example["data"]["search"].keys() == received.document["data"]["search"].keys()
    code: dict[str, Any] = {}
    exec(text.split("```python")[1].split("```")[0], code)  # noqa: S102  the docs' own code
    is_genuine = code["is_genuine"]
    assert is_genuine(received.headers, received.body, webhook.secret)
    assert not is_genuine(received.headers, received.body + b" ", webhook.secret)


def test_slack_reads_it(webhook: Webhook, receiver: Receiver, search: Search) -> None:
    Webhook.objects.update(format=Webhook.Format.SLACK)
    announcing.search_failed(search, "1 < 2 & <!channel>")
    Clock(webhook).after(timedelta())
    assert receiver.received[0].document == {
        "text": "*Digits*: Search 1 failed: 1 &lt; 2 &amp; &lt;!channel&gt; "
        f"<https://tuneroom.example/projects/{search.project_id}/searches/1/|Open in Tuneroom>"
    }


def test_only_what_it_asks_for(
    webhook: Webhook, search: Search, team: Team, project: Project, charlie: User
) -> None:
    other = Project.objects.create(
        team=team, name="Other", dataset=project.dataset, hypermodel=project.hypermodel
    )
    others_team = charlie.teams.get()  # type: ignore[attr-defined]

    def make(team: Team, **settings: Any) -> Webhook:
        kinds = [EventKind.SEARCH_ENDED]
        return Webhook.objects.create(team=team, url=webhook.url, **{"kinds": kinds, **settings})

    own = make(team, project=project)
    for unasked in (
        make(team, project=other), make(team, kinds=[EventKind.NEW_BEST]), make(others_team),
        make(team, disabled_at=datetime.now(UTC)),
    ):  # fmt: skip
        assert unasked.pk
    announcing.search_ended(search, "")
    found = set(Delivery.objects.values_list("webhook", flat=True))
    assert found == {webhook.pk, own.pk}


def test_a_worker_that_dies_while_sending_sends_again(
    webhook: Webhook, receiver: Receiver, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    announcing.search_ended(search, "")
    clock = Clock(webhook)

    def dies(delivery: Delivery, status: int) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("tuning.supervisor.webhooks._delivered", dies)
        with pytest.raises(SystemExit):
            clock.after(timedelta())
    clock.after(timedelta(seconds=60))
    assert len(receiver.received) == 1, "its claim holds"
    clock.after(timedelta(seconds=61))
    assert len(receiver.received) == 2
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
    assert Delivery.objects.get().status == Status.DELIVERED


def test_a_slow_receiver_has_one_turn_in_a_pass(
    webhook: Webhook, receiver: Receiver, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    announcing.search_ended(search, "")
    announcing.search_failed(search, "No more.")
    monkeypatch.setattr("tuning.supervisor.webhooks.TURN_SECONDS", 0)
    for passes in (1, 2):
        deliver(webhook.pk)
        assert len(receiver.received) == passes
    assert {row.status for row in Delivery.objects.all()} == {Status.DELIVERED}


def test_one_worker_takes_a_try(webhook: Webhook, search: Search) -> None:
    announcing.search_ended(search, "")
    delivery = Delivery.objects.get()
    assert Delivery.objects.take(delivery)
    assert not Delivery.objects.take(delivery)
    Delivery.objects.update(tries=F("tries") + 1)
    assert not Delivery.objects.end_try(delivery, status=Status.FAILED), "a later try has begun"


def test_a_receiver_that_fails_for_days_is_left_alone(
    webhook: Webhook, receiver: Receiver, search: Search, alice: User
) -> None:
    announcing.search_ended(search, "")
    receiver.statuses = [500] * 100
    clock = Clock(webhook)
    for _ in range(MAX_TRIES):
        clock.after(timedelta(hours=4))
    assert Delivery.objects.get().status == Status.FAILED
    webhook.refresh_from_db()
    assert webhook.disabled_at is None
    clock.now += DISABLE_AFTER
    announcing.search_ended(search, "")
    clock.after(timedelta())
    webhook.refresh_from_db()
    assert webhook.disabled_reason == "No delivery has succeeded for 3 days."
    notified = Notification.objects.of(alice).filter(event__kind=EventKind.WEBHOOK_OFF).get()
    assert notified.event.sentence == (
        f"The webhook to {webhook.host} was disabled. No delivery has succeeded for 3 days."
    )
    count = len(receiver.received)
    clock.after(timedelta(days=1))
    assert len(receiver.received) == count


def test_a_receiver_that_is_gone(webhook: Webhook, receiver: Receiver, search: Search) -> None:
    announcing.search_ended(search, "")
    receiver.statuses = [410]
    Clock(webhook).after(timedelta())
    webhook.refresh_from_db()
    assert "410" in webhook.disabled_reason


def test_redirects_are_not_followed(webhook: Webhook, receiver: Receiver, search: Search) -> None:
    announcing.search_ended(search, "")
    receiver.statuses = [307]
    Clock(webhook).after(timedelta())
    assert len(receiver.received) == 1
    row = Delivery.objects.get()
    assert (row.response_status, row.error[:28]) == (307, "Redirects are not followed. ")


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200",
        "192.0.0.192", "168.63.129.16", "0.0.0.1", "224.0.0.1", "255.255.255.255", "198.18.0.1",
        "::1", "::", "fe80::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
        "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "::127.0.0.1",
    ],
)  # fmt: skip
def test_private_addresses_are_refused(text: str) -> None:
    address = ip_address(text)
    assert not is_public(address)
    assert not may_reach(address, LOOPBACK) or text == "127.0.0.1"


@pytest.mark.parametrize("text", ["8.8.8.8", "93.184.216.34", "2606:4700::1111"])
def test_public_addresses_are_not(text: str) -> None:
    assert is_public(ip_address(text))


def test_nothing_is_sent_into_this_network(
    webhook: Webhook, receiver: Receiver, search: Search, settings: Any
) -> None:
    settings.WEBHOOK_NETWORKS = []
    announcing.search_ended(search, "")
    Clock(webhook).after(timedelta())
    assert receiver.received == []
    row = Delivery.objects.get()
    assert row.status == Status.WAITING
    assert row.error == (
        "127.0.0.1 is an address of a private network, which this site does not allow."
    )


def test_a_name_is_resolved_once(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second answer of a name server that changes its mind is never asked for."""
    port = int(receiver.url.rsplit(":", 1)[1].strip("/"))
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> Any:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(posting.socket, "getaddrinfo", resolve)
    assert posting.post(f"http://hook.example:{port}/in?a=1", b"{}", {}) == 200
    assert asked == ["hook.example"]
    assert receiver.received[0].headers["host"] == f"hook.example:{port}"


@pytest.mark.parametrize(
    ("url", "asked", "named"),
    [
        ("http://hook.example/in", "hook.example", "hook.example"),
        ("http://hook.example:80/in", "hook.example", "hook.example"),
        ("http://hook.example:443/in", "hook.example", "hook.example:443"),
        ("http://bücher.example/in", "bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_the_host_is_named_as_browsers_name_it(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, url: str, asked: str, named: str
) -> None:
    port = int(receiver.url.rsplit(":", 1)[1].strip("/"))

    def resolve(host: str, *_: Any, **__: Any) -> Any:
        assert host == asked
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(posting.socket, "getaddrinfo", resolve)
    assert posting.post(url, b"{}", {}) == 200
    assert receiver.received[0].headers["host"] == named


@pytest.mark.parametrize("url", ["https://hook.example:70000/", f"https://{'a' * 64}.example/"])
def test_an_address_that_is_none_is_a_failure_like_others(url: str) -> None:
    with pytest.raises(posting.NotSent, match=r"not (a )?valid"):
        posting.post(url, b"{}", {})


def test_a_server_that_answers_one_byte_at_a_time_is_cut(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_NETWORKS = LOOPBACK
    monkeypatch.setattr(posting, "TOTAL_SECONDS", 0.2)
    stop = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            while not stop.wait(0.02):
                try:
                    connection.send(b"H")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,), daemon=True)
        thread.start()
        with pytest.raises(posting.NotSent):
            posting.post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {})
        stop.set()
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_worker_looks_by_itself(webhook: Webhook, receiver: Receiver, search: Search) -> None:
    announcing.search_ended(search, "")
    thread = OnDemandThread("webhooks", is_due, deliver_due)
    thread.check()
    # The tests' database in memory refuses to be read while another thread writes.
    thread.join()
    assert Delivery.objects.get().status == Status.DELIVERED
    assert len(receiver.received) == 1
