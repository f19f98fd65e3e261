"""What people and webhooks are notified of: one row for each kind of event.

An event's `facts` are JSON, as they were when it happened: rows may be renamed or deleted later.
All have `team` and, except for what concerns only the team, `project`, each with `id` and `name`;
docs/webhooks.md shows the others. Channels (pages, mails, webhooks) show the sentence that a kind
makes of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tuning.figures import counted, figure, in_words

Facts = Mapping[str, Any]


class Whose(StrEnum):
    """Of which events of a kind a person is notified in a channel."""

    OFF = "off"
    OWN = "own"
    ALL = "all"


class EventKind(StrEnum):
    """The values are the types in a webhook's JSON."""

    SEARCH_ENDED = "search.ended"
    SEARCH_FAILED = "search.failed"
    SEARCH_STOPPED = "search.stopped"
    SEARCH_PAUSED = "search.paused"
    NEW_BEST = "trial.best"
    MODEL_READY = "model.ready"
    MODEL_FAILED = "model.failed"
    MENTION = "comment.mention"
    INVITATION = "member.joined"
    HANDOVER = "team.handover"
    PROJECT_MOVED = "project.moved"
    WEBHOOK_OFF = "webhook.disabled"
    TEST = "webhook.test"

    @property
    def traits(self) -> "Traits":
        return TRAITS[self]

    @property
    def label(self) -> str:
        return self.traits.title


@dataclass(frozen=True)
class Traits:
    """`site` and `mail`: of whose events people are notified unless they choose otherwise. Of a
    personal kind only those are notified whom the event names."""

    title: str
    about: str
    sentence: Callable[[Facts], str]
    site: Whose = Whose.OWN
    mail: Whose = Whose.OFF
    is_personal: bool = False
    # Whether people may choose otherwise for a project.
    is_of_projects: bool = True
    # Whether a webhook can ask for it.
    to_webhooks: bool = True


def _search(facts: Facts) -> str:
    name = facts["search"].get("name")
    return f"Search {facts['search']['number']}" + (f" “{name}”" if name else "")


def _search_ended(facts: Facts) -> str:
    search = facts["search"]
    text = f"{_search(facts)} completed with {counted(search['trials'], 'trial')}."
    if search.get("best_score") is not None:
        best = figure(search["best_score"])
        text += f" Best {search['objective']}: {best} (trial {search['best_trial']})."
    return text


def _search_failed(facts: Facts) -> str:
    return f"{_search(facts)} failed: {_first_line(facts['search']['failure'])}"


def _search_stopped(facts: Facts) -> str:
    return f"{_search(facts)} was stopped{_by(facts['search'])}."


def _search_paused(facts: Facts) -> str:
    return f"{_search(facts)} was paused{_by(facts['search'])}."


def _by(facts: Facts) -> str:
    """Empty if nobody is known who did it, as in a shell."""
    return f" by {facts['by']}" if facts["by"] else ""


def _new_best(facts: Facts) -> str:
    trial = facts["trial"]
    value, before = figure(trial["score"]), figure(trial["previous_best"])
    return (
        f"{_search(facts)} has a new best {trial['objective']}: {value} in trial "
        f"{trial['number']} (before: {before})."
    )


def _model(facts: Facts) -> str:
    model = facts["model"]
    return f"{model['title']} of trial {model['trial']}, search {model['search']}"


def _model_ready(facts: Facts) -> str:
    metrics = facts["model"]["test_metrics"]
    shown = in_words([f"{name} {figure(value)}" for name, value in list(metrics.items())[:3]])
    return f"{_model(facts)}, is ready." + (f" On the test rows: {shown}." if shown else "")


def _model_failed(facts: Facts) -> str:
    return f"{_model(facts)}, could not be retrained: {_first_line(facts['model']['failure'])}"


def _mention(facts: Facts) -> str:
    comment = facts["comment"]
    named = in_words([f"@{name}" for name in comment["mentioned"]])
    return f"{comment['author']} mentioned {named} in a comment on {comment['about']}."


def _invitation(facts: Facts) -> str:
    member, team = facts["member"], facts["team"]["name"]
    if member["invited"]:
        return f"{member['name']} accepted {member['by']}’s invitation to {team}."
    return f"{member['by']} added {member['name']} to {team} as {member['role']}."


def _handover(facts: Facts) -> str:
    member, team = facts["member"], facts["team"]["name"]
    if not member["by"]:
        return f"{member['name']} is now an owner of {team}."
    return f"{member['by']} handed {team} over to {member['name']}."


def _project_moved(facts: Facts) -> str:
    """Names only the team whose event it is: its members may not see the other one."""
    move, team = facts["move"], facts["team"]["name"]
    where = f"to {team}" if move["direction"] == "in" else f"from {team} to another team"
    return f"Project “{move['project']}” was moved {where}{_by(move)}."


def _webhook_off(facts: Facts) -> str:
    hook = facts["webhook"]
    return f"The webhook to {hook['host']} was disabled. {hook['reason']}"


def _test(facts: Facts) -> str:
    return f"{facts['webhook']['by']} sent a test to this webhook of {facts['team']['name']}."


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason was given."])[0][:300]


TRAITS: dict[EventKind, Traits] = {
    EventKind.SEARCH_ENDED: Traits(
        "Search ended", "A search completed all its trials or reached a limit.",
        _search_ended, mail=Whose.OWN,
    ),
    EventKind.SEARCH_FAILED: Traits(
        "Search failed", "A search ended because its trials or its strategy failed.",
        _search_failed, mail=Whose.OWN,
    ),
    EventKind.SEARCH_STOPPED: Traits(
        "Search stopped", "Another person stops a search.", _search_stopped, mail=Whose.OWN
    ),
    EventKind.SEARCH_PAUSED: Traits(
        "Search paused", "Another person pauses a search.", _search_paused, mail=Whose.OWN
    ),
    EventKind.NEW_BEST: Traits(
        "New best score", "A trial beats all earlier trials of its search.",
        _new_best, site=Whose.OFF,
    ),
    EventKind.MODEL_READY: Traits(
        "Retraining ended", "A model was retrained and can be downloaded.", _model_ready
    ),
    EventKind.MODEL_FAILED: Traits(
        "Retraining failed", "A model could not be retrained.", _model_failed
    ),
    EventKind.MENTION: Traits(
        "Mention", "A comment mentions you.", _mention, mail=Whose.OWN, is_personal=True
    ),
    EventKind.INVITATION: Traits(
        "Invitation", "A person accepts your invitation, or an owner adds you to a team.",
        _invitation, is_personal=True, is_of_projects=False,
    ),
    EventKind.HANDOVER: Traits(
        "Team handed over", "You become the owner of a team because another owner hands it over, "
        "or because their account is deactivated or deleted.",
        _handover, mail=Whose.OWN, is_personal=True, is_of_projects=False,
    ),
    EventKind.PROJECT_MOVED: Traits(
        "Project moved", "Another person moves a project to or from a team of yours.",
        _project_moved, is_personal=True,
    ),
    EventKind.WEBHOOK_OFF: Traits(
        "Webhook disabled", "A webhook that you created is disabled after many failures.",
        _webhook_off, mail=Whose.OWN, is_personal=True, is_of_projects=False, to_webhooks=False,
    ),
    EventKind.TEST: Traits(
        "Test", "Sent by the test button of a webhook.", _test, site=Whose.OFF, to_webhooks=False
    ),
}  # fmt: skip
# What people choose channels for.
FOR_PEOPLE = [kind for kind in EventKind if kind != EventKind.TEST]
FOR_WEBHOOKS = [kind for kind in EventKind if kind.traits.to_webhooks]


def kind_choices() -> list[tuple[str, str]]:
    return [(kind.value, kind.label) for kind in EventKind]
