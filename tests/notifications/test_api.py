"""Notifications and webhooks with a token."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.api.conftest import Caller, alice_calls, bob_calls, dora_calls  # noqa: F401
from tuning.models import Delivery, Notification, Project, Search, Team, Webhook
from tuning.recording.announcing import search_ended

WEBHOOK = {"url": "https://hooks.example/in", "kinds": ["search.ended"], "format": "json"}


def test_reading_notifications(search: Search, alice: User, alice_calls: Caller) -> None:  # noqa: F811
    for _ in range(3):
        search_ended(search, "")
    first = alice_calls.get("notifications?limit=2").json()
    assert len(first["items"]) == 2
    newest = first["items"][0]
    assert newest["type"] == "search.ended"
    assert newest["text"].startswith("Search 1 completed")
    assert newest["url"].endswith(f"/projects/{search.project_id}/searches/1/")
    assert len(alice_calls.get(first["next"]).json()["items"]) == 1
    assert (
        alice_calls.post("notifications/read", {"ids": [newest["id"], 10**30]}).status_code == 204
    )
    assert len(alice_calls.get("notifications?unread=true").json()["items"]) == 2
    alice_calls.post("notifications/read")
    assert not Notification.objects.of(alice).unread().exists()
    assert len(alice_calls.get("notifications").json()["items"]) == 3


def test_nobody_reads_those_of_others(search: Search, bob_calls: Caller) -> None:  # noqa: F811
    search_ended(search, "")
    assert bob_calls.get("notifications").json()["items"] == []
    bob_calls.post("notifications/read", {"ids": [Notification.objects.get().pk]})
    assert Notification.objects.unread().count() == 1


def test_a_webhook_from_its_creation_to_its_end(
    search: Search, team: Team, bob_calls: Caller,  # noqa: F811
) -> None:  # fmt: skip
    answer = bob_calls.post(f"teams/{team.pk}/webhooks", WEBHOOK)
    assert answer.status_code == 201
    made = answer.json()
    assert made.pop("secret") == Webhook.objects.get().secret
    at = f"webhooks/{made['id']}"
    assert bob_calls.get(at).json() == made
    assert bob_calls.get(f"teams/{team.pk}/webhooks").json()["items"] == [made]
    changed = bob_calls.patch(at, {"kinds": ["trial.best"], "project": search.project_id}).json()
    assert changed == made | {"kinds": ["trial.best"], "project": search.project_id}
    secret = bob_calls.post(f"{at}/secret").json()["secret"]
    assert secret == Webhook.objects.get().secret

    assert bob_calls.post(f"{at}/test").status_code == 202
    (delivery,) = bob_calls.get(f"{at}/deliveries").json()["items"]
    assert (delivery["type"], delivery["status"], delivery["tries"]) == (
        "webhook.test",
        "waiting",
        0,
    )
    Delivery.objects.update(status="failed", tries=15)
    again = bob_calls.post(f"{at}/deliveries/{delivery['id']}/resend").json()
    assert (again["status"], again["tries"]) == ("waiting", 0)

    for _ in range(4):
        assert bob_calls.post(f"{at}/test").status_code == 202
    found, path = [], f"{at}/deliveries?limit=2"
    while path:
        page = bob_calls.get(path).json()
        found += [each["id"] for each in page["items"]]
        path = page["next"]
    newest_first = Delivery.objects.order_by("-event").values_list("pk", flat=True)
    assert found == [str(pk) for pk in newest_first]
    assert len(found) == 5

    Webhook.objects.update(disabled_at=search.created_at)
    assert bob_calls.post(f"{at}/test").status_code == 409
    assert bob_calls.patch(at, {"enabled": True}).json()["enabled"] is True
    assert bob_calls.delete(at).status_code == 204
    assert bob_calls.get(at).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": "http://10.0.0.1/"}, "url"), ({"kinds": []}, "kinds"),
        ({"kinds": ["webhook.test"]}, "kinds"), ({"format": "xml"}, "format"),
        ({"project": 999_999}, "project"), ({"secret": "mine"}, "secret"),
    ],
)  # fmt: skip
def test_what_is_refused(
    team: Team, bob_calls: Caller, wrong: dict[str, Any], field: str  # noqa: F811
) -> None:  # fmt: skip
    answer = bob_calls.post(f"teams/{team.pk}/webhooks", {**WEBHOOK, **wrong})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert not Webhook.objects.exists()


def test_a_person_chooses_what_they_are_notified_of(
    dora_calls: Caller,  # noqa: F811
    project: Project,
) -> None:
    before = dora_calls.get("notifications/settings").json()["settings"]
    changed = dora_calls("PUT", "notifications/settings", {
        "settings": {"search.ended": {"site": "all"}}
    }).json()["settings"]  # fmt: skip
    assert changed == {**before, "search.ended": {"site": "all"}}
    at = f"projects/{project.pk}/notifications/settings"
    assert dora_calls.get(at).json()["settings"]["search.ended"] == {"site": ""}
    own = dora_calls("PUT", at, {"settings": {"search.ended": {"site": "off"}}}).json()
    assert own["settings"]["search.ended"] == {"site": "off"}
    wrong = {"settings": {"search.ended": {"site": "some"}, "search.nothing": {"site": "off"}}}
    found = dora_calls("PUT", at, wrong).json()["errors"]
    assert [each["field"] for each in found] == ["settings.search.nothing.site"]
    del wrong["settings"]["search.nothing"]
    found = dora_calls("PUT", at, wrong).json()["errors"]
    assert [each["field"] for each in found] == ["settings.search.ended.site"]
