"""Who is notified of what: each event once, in the transaction of what it tells of."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.urls import resolve

from tuning.actions import notes
from tuning.actions.audit import Actor, acting
from tuning.actions.invitations import accept, invite
from tuning.actions.notifications import choose
from tuning.actions.people import deactivate
from tuning.actions.projects import move_project
from tuning.actions.saved_models import retrain
from tuning.actions.searches import pause_search, stop_search
from tuning.actions.teams import hand_over, set_member
from tuning.event_kinds import EventKind, Whose
from tuning.models import (
    Delivery,
    Invitation,
    Membership,
    Notification,
    Project,
    Role,
    SavedModel,
    Search,
    Team,
    TeamEvent,
    Trial,
    Webhook,
)
from tuning.protocol.events import Failed
from tuning.recording import recorder

pytestmark = pytest.mark.django_db


def told() -> dict[str, list[str]]:
    """The sentences that people see, by their names."""
    found: dict[str, list[str]] = {}
    for row in Notification.objects.in_site().select_related("event", "user").order_by("pk"):
        found.setdefault(row.user.username, []).append(row.event.sentence)
        resolve(row.event.path)
    return found


def failing(search: Any, trial: Any) -> Any:
    yield Failed("code_error", "ValueError: no such layer\nline 2", "")


def test_the_end_of_a_search_is_told_to_who_started_it(
    make_search: Any, make_slot: Any, bob: User
) -> None:
    make_search(max_trials=2)
    make_slot().run()
    best = Search.objects.get().trials.best_first("max")[0]
    assert told() == {
        "alice": [
            "Search 1 completed with 2 trials. "
            f"Best val_accuracy: {best.score:.4f} (trial {best.number})."
        ]
    }


def test_a_search_that_goes_on_ends_again(make_search: Any, make_slot: Any) -> None:
    from tuning.actions.searches import extend_search

    search = make_search(max_trials=1)
    make_slot().run()
    extend_search(search, 1, seen=1)
    make_slot().run()
    assert [text[:32] for text in told()["alice"]] == [
        "Search 1 completed with 1 trial.", "Search 1 completed with 2 trials",
    ]  # fmt: skip


def test_a_failed_search_gives_the_reason(make_search: Any, make_slot: Any) -> None:
    make_search(max_trials=4, max_consecutive_failures=2)
    make_slot(failing).run()
    (text,) = told()["alice"]
    assert text.startswith("Search 1 failed: 2 consecutive trials failed. The first was trial 1:")
    assert "line 2" not in text


def test_what_is_rolled_back_is_not_told(search: Search) -> None:
    Search.objects.filter(pk=search.pk).update(status="running")

    class Crash(Exception):
        pass

    @transaction.atomic
    def fail() -> None:
        recorder.fail_search(search, "No.")
        assert TeamEvent.objects.count() == 1
        raise Crash

    with pytest.raises(Crash):
        fail()
    assert not TeamEvent.objects.exists()
    recorder.fail_search(search, "No.")
    recorder.fail_search(search, "Once more.")
    assert told() == {"alice": ["Search 1 failed: No."]}


@pytest.mark.parametrize(
    ("direction", "scores", "better"),
    [
        ("max", [0.5, 0.5, 0.7, 0.6], [(0.7, 0.5)]),
        ("min", [0.5, 0.4, 0.3], [(0.4, 0.5), (0.3, 0.4)]),
    ],
)
def test_a_new_best_beats_all_before(
    make_search: Any, complete: Any, alice: User, direction: str, scores: list[float],
    better: list[tuple[float, float]],
) -> None:  # fmt: skip
    choose(alice, None, {EventKind.NEW_BEST: {"site": Whose.OWN}})
    search = make_search(direction=direction, max_trials=9)
    for score in scores:
        complete(search, score)
    rows = TeamEvent.objects.filter(kind=EventKind.NEW_BEST).order_by("pk")
    trials = [row.facts["trial"] for row in rows]
    assert [(each["score"], each["previous_best"]) for each in trials] == better
    assert len(told()["alice"]) == len(better)


def test_nobody_asked_for_a_new_best(make_search: Any, complete: Any) -> None:
    search = make_search(max_trials=9)
    for score in (0.5, 0.6):
        complete(search, score)
    assert not TeamEvent.objects.exists()


def test_several_objectives_have_no_best(make_search: Any, complete: Any, alice: User) -> None:
    choose(alice, None, {EventKind.NEW_BEST: {"site": Whose.ALL}})
    other = [{"name": "val_loss", "direction": "min"}]
    search = make_search(max_trials=9, other_objectives=other)
    for score in (0.5, 0.6):
        recorder.announcing.trial_scored(complete(search, score), search, score)
    assert told() == {}


def test_a_model_is_told_to_who_retrained_it(best: Trial, bob: User, make_slot: Any) -> None:
    retrain(bob, best)
    make_slot().run()
    assert told() == {
        "bob": ["Model 1 of trial 3, search 1, is ready. On the test rows: accuracy 0.9000."]
    }


def test_a_retraining_that_fails(best: Trial, bob: User, make_slot: Any) -> None:
    from tuning.protocol.failures import Failure, FailureCode
    from tuning.supervisor.assignments import assignment_for

    model = retrain(bob, best)
    assert type(model).objects.claim(model.pk, None, 0)
    model.refresh_from_db()
    assignment_for(model).fail(Failure(FailureCode.OUT_OF_MEMORY, "Killed at 4 GB."))
    assert told() == {
        "bob": ["Model 1 of trial 3, search 1, could not be retrained: Killed at 4 GB."]
    }


def test_a_model_of_a_project_that_moves_is_told_to_its_new_team(
    best: Trial, bob: User, team: Team
) -> None:
    from tuning.protocol.failures import Failure, FailureCode
    from tuning.supervisor.assignments import assignment_for

    kinds = [EventKind.MODEL_FAILED]
    Webhook.objects.create(team=team, url="https://old.example/", kinds=kinds)
    new = Team.objects.create(name="New team")
    webhook = Webhook.objects.create(team=new, url="https://new.example/", kinds=kinds)
    model = retrain(bob, best)
    assert SavedModel.objects.claim(model.pk, None, 0)
    # With its project and its team, as a worker takes it.
    claimed = SavedModel.objects.select_related("project__team", "trial__search").get(pk=model.pk)
    assignment = assignment_for(claimed)
    move_project(Project.objects.get(pk=claimed.project_id), new)
    assignment.fail(Failure(FailureCode.OUT_OF_MEMORY, "Killed at 4 GB."))
    assert TeamEvent.objects.get(kind=EventKind.MODEL_FAILED).team == new
    assert Delivery.objects.get().webhook == webhook


def test_a_mention(best: Trial, bob: User, alice: User, dora: User) -> None:
    comment = notes.comment(bob, best, "@alice @bob look")
    notes.edit_comment(comment, "@alice @dora look")
    about = "in a comment on trial 3 of search 1."
    assert told() == {
        "alice": [f"bob mentioned @alice {about}"], "dora": [f"bob mentioned @dora {about}"],
    }  # fmt: skip
    notes.edit_comment(comment, "@dora look")
    assert set(told()) == {"dora"}
    notes.delete_comment(comment)
    assert told() == {}


def test_an_accepted_invitation_and_an_added_member(
    team: Team, alice: User, bob: User, charlie: User
) -> None:
    dana = User.objects.create_user("dana", first_name="Dana")
    invitation = Invitation(team=team, role=Role.VIEWER)
    invite(alice, invitation, timedelta(days=1))
    accept(invitation, dana)
    set_member(team, charlie, Role.EDITOR, by=alice)
    set_member(team, charlie, Role.VIEWER, by=alice)
    assert told() == {
        "alice": ["Dana accepted alice’s invitation to Digits team."],
        "charlie": ["alice added charlie to Digits team as editor."],
    }


def acting_as(user: User) -> Any:
    return acting(lambda: Actor(user))


@pytest.mark.parametrize(
    ("act", "verb", "kind"),
    [
        (pause_search, "paused", EventKind.SEARCH_PAUSED),
        (stop_search, "stopped", EventKind.SEARCH_STOPPED),
    ],
)
def test_a_search_that_another_person_stops(
    make_search: Any, team: Team, bob: User, dora: User, act: Any, verb: str, kind: EventKind
) -> None:
    Webhook.objects.create(team=team, url="https://a.example/", kinds=[kind])
    for user in (bob, dora):
        choose(user, None, {kind: {"site": Whose.ALL}})
    search = make_search(max_trials=4)
    with acting_as(bob):
        assert act(search)
        assert not act(search)
    sentence = f"Search 1 was {verb} by bob."
    assert told() == {"alice": [sentence], "dora": [sentence]}
    assert Delivery.objects.get().event.facts["search"]["by"] == "bob"


def test_who_stops_their_own_search_knows(make_search: Any, alice: User) -> None:
    search = make_search(max_trials=4)
    with acting_as(alice):
        stop_search(search)
    assert told() == {}


def test_a_team_that_is_handed_over(
    team: Team, alice: User, bob: User, dora: User, settings: Any
) -> None:
    settings.EMAIL_HOST = "127.0.0.1"
    Webhook.objects.create(team=team, url="https://a.example/", kinds=[EventKind.HANDOVER])
    hand_over(team, alice, bob, Role.EDITOR)
    assert told() == {"bob": ["alice handed Digits team over to bob."]}
    assert Delivery.objects.get().event.facts["member"]["username"] == "bob"
    assert Notification.objects.get().by_mail
    erin = User.objects.create_superuser("erin")
    with acting_as(erin):
        deactivate(bob, by=erin, owners={team.pk: dora})
    assert told()["dora"] == ["erin handed Digits team over to dora."]
    # In a shell.
    dora.delete()
    assert told()["alice"] == ["alice is now an owner of Digits team."]


def test_a_project_that_is_moved(
    project: Project, team: Team, alice: User, bob: User, dora: User, charlie: User
) -> None:
    """alice moves it; bob is a member of both teams, dora only of the former one, charlie only of
    the new one. No team is named to those who may not see it."""
    new = charlie.memberships.get().team  # type: ignore[attr-defined]
    for user in (alice, bob):
        Membership.objects.create(team=new, user=user, role=Role.EDITOR)
    kinds = [EventKind.PROJECT_MOVED]
    for each in (team, new):
        Webhook.objects.create(team=each, url="https://a.example/", kinds=kinds)
    with acting_as(alice):
        move_project(project, new)
    came = "Project “Digits” was moved to Others by alice."
    went = "Project “Digits” was moved from Digits team to another team by alice."
    assert told() == {"bob": [came], "charlie": [came], "dora": [went]}
    for user in (bob, charlie, dora):
        assert Notification.objects.of(user).count() == 1, "they see it"
    events = [row.event for row in Delivery.objects.order_by("event")]
    assert [(event.team, event.facts["move"]["direction"]) for event in events] == [
        (new, "in"), (team, "out"),
    ]  # fmt: skip
    assert "project" not in events[1].facts


def test_a_choice_for_a_project_that_is_moved_away(
    project: Project, alice: User, dora: User, charlie: User
) -> None:
    choose(dora, project, {EventKind.PROJECT_MOVED: {"site": Whose.OFF}})
    with acting_as(alice):
        move_project(project, charlie.memberships.get().team)  # type: ignore[attr-defined]
    assert set(told()) == {"charlie"}


CASES = [
    # What alice, who started the search, and bob chose for all projects and for this one.
    ({}, {}, {"alice": "site mail"}),
    ({"alice": ("off", "")}, {}, {"alice": "mail"}),
    ({"bob": ("all", "all")}, {}, {"alice": "site mail", "bob": "site mail"}),
    ({"bob": ("own", "own")}, {}, {"alice": "site mail"}),
    ({"bob": ("all", "")}, {"bob": ("off", "all")}, {"alice": "site mail", "bob": "mail"}),
    ({"alice": ("off", "off")}, {"alice": ("", "own")}, {"alice": "mail"}),
]


@pytest.mark.parametrize(("everywhere", "here", "expected"), CASES)
def test_choices(
    search: Search, project: Project, alice: User, bob: User, dora: User, settings: Any,
    everywhere: Any, here: Any, expected: dict[str, str],
) -> None:  # fmt: skip
    settings.EMAIL_HOST = "127.0.0.1"
    users = {user.username: user for user in (alice, bob)}
    for where, chosen in ((None, everywhere), (project, here)):
        for name, (site, mail) in chosen.items():
            choose(users[name], where, {EventKind.SEARCH_ENDED: {"site": site, "mail": mail}})
    recorder.announcing.search_ended(search, "")
    found = {
        row.user.username: " ".join(["site"] * row.on_site + ["mail"] * row.by_mail)
        for row in Notification.objects.select_related("user")
    }
    assert found == expected


def test_who_has_left_or_is_deactivated_is_not_told(
    search: Search, alice: User, bob: User, dora: User
) -> None:
    for user in (bob, dora):
        choose(user, None, {EventKind.SEARCH_ENDED: {"site": Whose.ALL}})
    User.objects.filter(pk=bob.pk).update(is_active=False)
    Membership.objects.filter(user=alice).delete()
    recorder.announcing.search_ended(search, "")
    assert set(told()) == {"dora"}
    Membership.objects.filter(user=dora).delete()
    assert not Notification.objects.of(dora).exists()
