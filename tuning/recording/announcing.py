"""Writing down what people and webhooks are notified of, in the transaction of what happened.

Whoever is to be notified is settled here, at once: a row for each person and for each webhook. An
event that concerns nobody leaves no row.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from tuning.analysis.notifications import chosen_channels
from tuning.event_kinds import EventKind, Whose
from tuning.models import (
    Comment,
    Delivery,
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
from tuning.models.addresses import ModelConverter, SearchConverter, TrialConverter
from tuning.models.fixed_queries import FixedQuery
from tuning.models.people import display_name
from tuning.protocol.objectives import is_better

# Of a comment, in a mail or a webhook.
MAX_TEXT = 2_000


def search_ended(search: Search, reason: str) -> None:
    """Called in the transaction that completes the search."""
    best = None
    if not search.has_several_objectives:
        best = search.trials.best_first(search.direction).values("number", "score").first()
    facts = {
        "status": "completed", "trials": search.trials.count(), "objective": search.score_name,
        "end_reason": reason,
        "best_trial": best and best["number"], "best_score": best and best["score"],
    }  # fmt: skip
    _of_search(EventKind.SEARCH_ENDED, search, facts)


def search_failed(search: Search, message: str) -> None:
    _of_search(EventKind.SEARCH_FAILED, search, {"status": "failed", "failure": message})


def search_stopped(search: Search, by: Any) -> None:
    """`by`: who did it; None if nobody is known, as in a shell."""
    facts = {"status": "stopped", "trials": search.trials.count(), "by": _name(by)}
    _of_search(EventKind.SEARCH_STOPPED, search, facts, by)


def search_paused(search: Search, by: Any) -> None:
    _of_search(EventKind.SEARCH_PAUSED, search, {"status": "paused", "by": _name(by)}, by)


def trial_scored(trial: Trial, search: Search, score: float) -> None:
    """A trial was completed with this score: whether it beats all earlier ones of its search.
    Several objectives have no best trial."""
    if search.has_several_objectives:
        return
    before: float | None = _BEST_OF_OTHERS[search.direction].first(search.pk, trial.pk)
    if before is None or not is_better(score, before, search.direction):
        return
    facts = {
        "number": trial.number, "score": score, "previous_best": before,
        "objective": search.score_name, "values": trial.values,
    }  # fmt: skip
    project = search.project
    announce(
        EventKind.NEW_BEST, team=project.team, project=project, whose=search.created_by_id,
        facts={"search": _about(search), "trial": facts},
        path=f"/{TrialConverter().path_of(trial)}/",
    )  # fmt: skip


def _best_of_others(direction: str) -> FixedQuery:
    def make(search: int, trial: int) -> QuerySet[Any, Any]:
        others = Trial.objects.filter(search=search).exclude(pk=trial)
        return others.best_first(direction).values_list("score", flat=True)[:1]

    return FixedQuery(make)


_BEST_OF_OTHERS = {direction: _best_of_others(direction) for direction in Search.Direction.values}


def model_ready(model: SavedModel, test_metrics: dict[str, Any]) -> None:
    _of_model(EventKind.MODEL_READY, model, {"status": "completed", "test_metrics": test_metrics})


def model_failed(model: SavedModel, message: str) -> None:
    _of_model(EventKind.MODEL_FAILED, model, {"status": "failed", "failure": message})


def mentioned(comment: Comment, people: Sequence[Any]) -> None:
    """`people`: those whom it mentions and did not mention before."""
    if not people:
        return
    search = comment.search or comment.trial.search  # type: ignore[union-attr]
    about = f"search {search.number}"
    if comment.trial:
        about = f"trial {comment.trial.number} of {about}"
    facts: dict[str, Any] = {
        "author": display_name(comment.author), "about": about, "text": comment.text[:MAX_TEXT],
        "mentioned": sorted(person.get_username() for person in people),
        "search": search.number, "trial": comment.trial and comment.trial.number,
    }  # fmt: skip
    announce(
        EventKind.MENTION, team=comment.project.team, project=comment.project, comment=comment,
        facts={"comment": facts}, path=f"/comments/{comment.pk}/",
        to=[person.pk for person in people],
    )  # fmt: skip


def joined(membership: Membership, by: Any, invited: bool) -> None:
    """A person is a new member: the inviter is notified, or who was added by an owner."""
    facts = {
        "name": display_name(membership.user), "username": membership.user.get_username(),
        "role": membership.role, "by": display_name(by), "invited": invited,
    }  # fmt: skip
    announce(
        EventKind.INVITATION, team=membership.team, facts={"member": facts},
        path=f"/teams/{membership.team_id}/", to=[by.pk if invited else membership.user_id],
    )  # fmt: skip


def handed_over(team: Team, to: Any, by: Any) -> None:
    """`to` owns the team in place of another owner."""
    facts = {"name": display_name(to), "username": to.get_username(), "by": _name(by)}
    announce(
        EventKind.HANDOVER, team=team, facts={"member": facts}, path=f"/teams/{team.pk}/",
        to=[to.pk], by=by,
    )  # fmt: skip


def project_moved(project: Project, before: Team, by: Any) -> None:
    """For the members of its new team, and for those of the former one who see it no more."""
    new = set(project.team.memberships.values_list("user", flat=True))
    old = set(before.memberships.values_list("user", flat=True)) - new
    move = {"project": project.name, "by": _name(by)}
    announce(
        EventKind.PROJECT_MOVED, team=project.team, project=project,
        facts={"move": move | {"direction": "in"}}, path=f"/projects/{project.pk}/", to=new, by=by,
    )  # fmt: skip
    announce(
        EventKind.PROJECT_MOVED, team=before, choices_for=project,
        facts={"move": move | {"direction": "out"}}, path=f"/teams/{before.pk}/", to=old, by=by,
    )  # fmt: skip


def webhook_disabled(webhook: Webhook, reason: str) -> None:
    """Its maker is notified or, if they have left, the owners of the team."""
    team = webhook.team
    members = Membership.objects.filter(team=team, user__is_active=True)
    to = members.filter(user=webhook.created_by_id) or members.filter(role=Role.OWNER)
    announce(
        EventKind.WEBHOOK_OFF, team=team, path=f"/webhooks/{webhook.pk}/",
        facts={"webhook": {"host": webhook.host, "reason": reason}},
        to=[row.user_id for row in to],
    )  # fmt: skip


def test(webhook: Webhook, by: Any) -> None:
    """For this webhook alone."""
    announce(
        EventKind.TEST, team=webhook.team, project=webhook.project, webhooks=[webhook],
        facts={"webhook": {"host": webhook.host, "by": display_name(by)}},
        path=f"/webhooks/{webhook.pk}/",
    )  # fmt: skip


@transaction.atomic
def announce(
    kind: EventKind, *, team: Team, facts: dict[str, Any], path: str,
    project: Project | None = None, comment: Comment | None = None, whose: int | None = None,
    to: Iterable[int] = (), by: Any = None, choices_for: Project | None = None,
    webhooks: Sequence[Webhook] | None = None,
) -> None:  # fmt: skip
    """Notify people and webhooks. `whose`: the person whose search or model it is; `to`: whom an
    event of a personal kind names; `by`: who did it, and so knows; `choices_for`: a project that
    people may have chosen for, though the event is not in it; `webhooks`: these, in place of those
    that ask for the kind."""
    people = _people(kind, team, choices_for or project, {whose} - {None}, set(to))
    if by is not None:
        people.pop(by.pk, None)
    if webhooks is None:
        webhooks = Webhook.objects.wanting(kind, team.pk, project)
    if not people and not webhooks:
        return
    frame: dict[str, Any] = {"team": {"id": team.pk, "name": team.name}}
    if project:
        frame["project"] = {"id": project.pk, "name": project.name}
    event = TeamEvent.objects.create(
        kind=kind, team=team, project=project, comment=comment, facts=frame | facts, path=path
    )
    Notification.objects.bulk_create(
        [
            Notification(event=event, user_id=pk, on_site=on_site, by_mail=by_mail)
            for pk, (on_site, by_mail) in people.items()
        ]
    )
    Delivery.objects.bulk_create([Delivery(event=event, webhook=webhook) for webhook in webhooks])


def _people(
    kind: EventKind, team: Team, project: Project | None, whose: set[Any], to: set[int]
) -> dict[int, tuple[bool, bool]]:
    """Who is notified, on pages and by mail."""
    traits = kind.traits
    # In no order: workers of joined machines may not read names.
    members = Membership.objects.filter(team=team, user__is_active=True).order_by()
    if traits.is_personal:
        members = members.filter(user__in=to)
    keys = set(members.values_list("user", flat=True))
    chosen = chosen_channels(keys, kind, project)
    own = to if traits.is_personal else whose
    found = {}
    for pk in sorted(keys):
        channels = [each == Whose.ALL or (each == Whose.OWN and pk in own) for each in chosen[pk]]
        by_mail = channels[1] and bool(settings.EMAIL_HOST)
        if channels[0] or by_mail:
            found[pk] = (channels[0], by_mail)
    return found


def _of_search(kind: EventKind, search: Search, facts: dict[str, Any], by: Any = None) -> None:
    project = search.project
    announce(
        kind, team=project.team, project=project, whose=search.created_by_id, by=by,
        facts={"search": _about(search) | facts}, path=f"/{SearchConverter().path_of(search)}/",
    )  # fmt: skip


def _of_model(kind: EventKind, model: SavedModel, facts: dict[str, Any]) -> None:
    # Not the worker's copy: the project may have moved to another team since.
    project = Project.objects.select_related("team").get(pk=model.project_id)
    trial = model.trial
    about = {
        "number": model.number, "title": model.title, "trial": trial.number,
        "search": trial.search.number,
    }  # fmt: skip
    announce(
        kind, team=project.team, project=project, whose=model.created_by_id,
        facts={"model": about | facts}, path=f"/{ModelConverter().path_of(model)}/",
    )  # fmt: skip


def _name(person: Any) -> str:
    return display_name(person) if person else ""


def _about(search: Search) -> dict[str, Any]:
    return {"number": search.number, "name": search.name}
