"""Which addresses act, and what the audit log says then: a row for each name in the whole resolver
that takes a form, and for each operation of the API that changes something. An address without one
or an exemption fails `test_audited_addresses.py`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.functions import Now
from django.test import Client

from tests.imports import keras_tuner_project, zip_bytes
from tuning.event_kinds import FOR_WEBHOOKS
from tuning.models import (
    Dataset,
    HyperModel,
    Membership,
    ModelEvaluation,
    Project,
    SavedModel,
    Search,
    Team,
    Trial,
)
from tuning.protocol.statuses import SearchStatus, Status

TALK = "the project's talk: comments, tags and stars, which its activity shows"
LOOKS = "computes or shows, and changes nothing that others see"
OWN = "a person's own settings, views, notifications or unfinished uploads"
PARTS = "the reports of a script, which are in its trials"
OLD = "leads to another address"


@dataclass(frozen=True)
class Act:
    """`kind`: what is recorded. `body`: what is sent besides what the form shows; `before`: what
    has to be so."""

    kind: str
    body: dict[str, Any] = field(default_factory=dict)
    before: Callable[[], Any] = lambda: None


def _search(status: SearchStatus) -> Callable[[], Any]:
    return lambda: Search.objects.update(status=status, max_trials=3)


def _unused() -> None:
    """The team's dataset and template belong to no project."""
    for model, name, key in (
        (Dataset, "dataset", "test-digits"),
        (HyperModel, "hypermodel", "test-cnn"),
    ):
        copy: Any = model.objects.get(key=key)  # type: ignore[attr-defined]
        copy.pk, copy.key = None, "copy"
        copy.save()
        Project.objects.update(**{name: copy})
        rows = model.objects.filter(key=key)  # type: ignore[attr-defined]
        rows.update(team=Team.objects.get(name="Digits team"))
    Search.objects.update(hypermodel=HyperModel.objects.get(key="copy"))


def _published() -> None:
    _unused()
    for model in (Dataset, HyperModel):
        model.objects.exclude(team=None).update(published_at=Now())  # type: ignore[attr-defined]


def _second_team() -> None:
    team = Team.objects.create(name="Second")
    Membership.objects.create(team=team, user=Project.objects.get().created_by, role="owner")


def _key_of_second() -> int:
    return Team.objects.get(name="Second").pk


def _another_session() -> None:
    user = Project.objects.get().created_by
    Client().force_login(user, backend="django.contrib.auth.backends.ModelBackend")


def _second_owner() -> None:
    erin = User.objects.get(username="erin")
    team: Any = Team.objects.get(name="Digits team")
    Membership.objects.create(team=team, user=erin, role="owner")


def _newer_template() -> None:
    row = HyperModel.objects.get()
    row.pk, row.version = None, row.version + 1
    row.save()


def _pruned() -> None:
    RUNNING()
    Trial.objects.filter(number=3).update(status=Status.PRUNED)


RUNNING, PAUSED = _search(SearchStatus.RUNNING), _search(SearchStatus.PAUSED)
CODE = "def build_model(hp):\n    return hp.Int('units', 1, 2)\n"
CSV = b"a,b\n" + b"1,2\n3,4\n" * 20


KINDS = [kind.value for kind in FOR_WEBHOOKS[:1]]
PROJECT = {
    "name": "New", "dataset": lambda: Dataset.objects.get().pk,
    "hypermodel": lambda: HyperModel.objects.get().pk, "train_fraction": 0.7,
    "validation_fraction": 0.15, "test_fraction": 0.15, "split_seed": 0,
}  # fmt: skip


def _csv() -> SimpleUploadedFile:
    return SimpleUploadedFile("a.csv", CSV)


def _zip() -> SimpleUploadedFile:
    return SimpleUploadedFile("kt.zip", zip_bytes(keras_tuner_project()))


ACTS = {
    "access-token-list": Act("token.create", {"name": "laptop", "scope": "read", "days": "30"}),
    "access-token-revoke": Act("token.revoke"),
    "dataset-create": Act("dataset.create", {"name": "Mine", "file": _csv}),
    "dataset-delete": Act("dataset.delete", before=_unused),
    "dataset-name": Act("name.change", {"name": "Another"}, _unused),
    "disk-free": Act("disk.free"),
    "hypermodel-create": Act(
        "template.create", {"name": "Ours", "kinds": ["image"], "code": CODE}
    ),
    "hypermodel-delete": Act("template.delete", before=_unused),
    "hypermodel-edit": Act("template.change", {"code": CODE, "kinds": ["image"]}, _unused),
    "hypermodel-name": Act("name.change", {"name": "Another"}, _unused),
    "import-delete": Act("import.delete"),
    "invitation-create": Act("invitation.create", {"role": "editor", "days": "7"}),
    "invitation-revoke": Act("invitation.revoke"),
    "log-create": Act("search.start", {"name": "By hand", "objective": "val_loss"}),
    "member-set": Act("member.add", {"username": "erin", "role": "viewer"}),
    "password_change": Act(
        "account.password",
        {
            "old_password": "alice-password-1", "new_password1": "Xy7-pq-rs9",
            "new_password2": "Xy7-pq-rs9",
        },
    ),
    "person-activate": Act("account.activate"),
    "person-create": Act("account.create", {"username": "frank"}),
    "person-deactivate": Act("account.deactivate", before=_second_owner),
    "person-password": Act("account.password_link"),
    "profile": Act("account.change", {"email": "new@example.com"}),
    "project-create": Act("project.create", PROJECT),
    "project-delete": Act("project.delete"),
    "project-move": Act("project.move", {"team": _key_of_second}, _second_team),
    "project-name": Act("name.change", {"name": "Another"}),
    "project-settings": Act("project.archive", {"archive": "1"}),
    "saved-model-delete": Act("model.delete"),
    "saved-model-evaluate": Act("model.evaluate"),
    "saved-model-name": Act("name.change", {"name": "Another"}),
    "saved-model-stage": Act("model.stage", {"stage": "approved"}),
    "search-confirm": Act("search.start"),
    "search-create": Act("search.start"),
    "search-delete": Act("search.delete"),
    "search-extend": Act("search.extend", {"more": "2", "seen": "3"}),
    "search-gpu": Act("search.gpu", {"gpu": "require"}),
    "search-limits": Act("search.limits", {"limits-max_trials": "9"}, RUNNING),
    "search-name": Act("name.change", {"name": "Another"}),
    "search-pause": Act("search.pause", before=RUNNING),
    "search-priority": Act("search.priority", {"priority": "1"}),
    "search-resume": Act("search.resume", before=PAUSED),
    "search-stop": Act("search.stop", before=RUNNING),
    "session-end": Act("session.end"),
    "team-archive": Act("team.archive", {"archive": "1"}),
    "team-create": Act("team.create", {"name": "New"}),
    "team-name": Act("name.change", {"name": "Another"}),
    "team-quotas": Act("team.quotas", {"weight": "3"}),
    "trial-retrain": Act("model.retrain"),
    "machine-remove": Act("machine.remove"),
    "worker-request": Act("worker.change", {"requested": "pause"}),
    "login": Act("sign_in", {"username": "alice", "password": "alice-password-1"}),
    "logout": Act("sign_out"),
    "session-end-others": Act("session.end", before=_another_session),
    "member-remove": Act("member.remove", before=_second_owner),
    "team-handover": Act("team.hand_over", {"username": "erin", "role": "editor"}, _second_owner),
    "project-upgrade": Act("project.upgrade", before=_newer_template),
    "search-try": Act("search.try", {"again": "on"}, RUNNING),
    "trial-train-to-end": Act("trial.train_to_end", before=_pruned),
    "saved-model-stop": Act(
        "model.stop", before=lambda: SavedModel.objects.update(status=Status.RUNNING)
    ),
    "team-webhooks": Act(
        "webhook.create", {"url": "https://example.org/x", "kinds": KINDS}
    ),
    "webhook-detail": Act("webhook.change", {"url": "https://example.org/x", "kinds": KINDS}),
    "webhook-secret": Act("webhook.change"),
    "webhook-enable": Act("webhook.enable"),
    "webhook-delete": Act("webhook.delete"),
    "import-create": Act("search.import", {"file": _zip}),
    "gallery-dataset": Act("gallery.publish", {"publish": "1"}, _unused),
    "gallery-hypermodel": Act("gallery.unpublish", before=_published),
}  # fmt: skip

# What other tests show, because nobody is signed in, or files have to be there.
_HERE = "tests/views/test_audited_addresses.py"
ELSEWHERE = {
    **dict.fromkeys(
        ("sign-up", "invitation-open", "password_reset_confirm"),
        (_HERE, "test_accounts_of_people_who_are_not_signed_in"),
    ),
    **dict.fromkeys(("dataset-columns", "dataset-arrays"), (_HERE, "test_choices_for_an_upload")),
    "project-data-upgrade": (_HERE, "test_a_newer_version_of_the_data"),
    "machine-create": ("tests/views/test_add_machine.py", "created a token for machine"),
    "machine-join": ("tests/system/test_joining.py", "join by its token"),
    "signed-out-elsewhere": ("tests/views/test_single_sign_on.py", "alice signed out by single"),
    "trial-pin": ("tests/views/test_pruned_trials.py", "trial.unpin"),
}  # fmt: skip

EXEMPT = {
    **dict.fromkeys(
        (
            "comment-delete", "comment-edit", "project-mark", "search-comments", "search-preview",
            "search-star", "search-tags", "trial-comments", "trial-preview", "trial-star",
            "trial-tags",
        ),
        TALK,
    ),
    **dict.fromkeys(
        (
            "dataset-retry", "dry-run-create", "hypermodel-dry-run", "hypermodel-inspect",
            "project-inspect", "project-plot", "saved-model-predict", "saved-model-predict-file",
            "search-plan", "search-plot", "trial-compare-remember",
        ),
        LOOKS,
    ),
    **dict.fromkeys(
        (
            "mention-seen", "notification-choices", "notification-read", "profile-theme",
            "project-notifications", "project-views", "upload-address", "upload-create",
            "upload-finish", "upload-part", "view-change", "view-delete", "view-list",
        ),
        OWN,
    ),
    **dict.fromkeys(("saved-model-moved", "search-moved", "trial-moved"), OLD),
    "import-detail": "the choice between studies of an import, whose upload is recorded",
    "password_reset": "a link for whoever has the mailbox; using it is recorded",
    "webhook-test": "sends a test, which is among the webhook's deliveries",
    "delivery-resend": "sends again, which is among the webhook's deliveries",
}  # fmt: skip

# Operations of the API: the kind, the body.
API_ACTS = {
    "change_dataset": Act("name.change", {"name": "Another"}),
    "change_model": Act("model.stage", {"stage": "approved"}),
    "change_project": Act("project.archive", {"archived": True}),
    "change_search": Act("name.change", {"name": "Another"}),
    "change_team": Act("name.change", {"name": "Another"}),
    "change_template": Act("name.change", {"name": "Another"}),
    "change_worker": Act("worker.change", {"requested": "pause"}),
    "create_project": Act(
        "project.create",
        {"name": "New", "dataset": PROJECT["dataset"], "template": PROJECT["hypermodel"]},
    ),
    "create_search": Act("search.start"),
    "create_team": Act("team.create", {"name": "New"}),
    "create_template": Act("template.create", {"name": "Ours", "kinds": ["image"], "code": CODE}),
    "create_version": Act("template.change", {"code": CODE}),
    "delete_model": Act("model.delete"),
    "delete_project": Act("project.delete"),
    "delete_search": Act("search.delete"),
    "extend_search": Act("search.extend", {"more": 2}),
    "create_webhook": Act("webhook.create", {"url": "https://example.org/x", "kinds": KINDS}),
    "change_webhook": Act("webhook.change", {"url": "https://example.org/x", "kinds": KINDS}),
    "delete_webhook": Act("webhook.delete"),
    "replace_webhook_secret": Act("webhook.change"),
    "publish_dataset": Act("gallery.publish"),
    "publish_template": Act("gallery.publish"),
    "unpublish_dataset": Act("gallery.unpublish", before=_published),
    "unpublish_template": Act("gallery.unpublish", before=_published),
    "hand_over_team": Act("team.hand_over", {"username": "erin", "role": "editor"}, _second_owner),
    "move_project": Act("project.move", {"team": _key_of_second}, _second_team),
    "open_log": Act("search.start", {"name": "By hand", "objective": "val_loss"}),
    "pause_search": Act("search.pause", before=RUNNING),
    "resume_search": Act("search.resume", before=PAUSED),
    "retrain_trial": Act("model.retrain"),
    "set_member": Act("member.role", {"role": "viewer"}, _second_owner),
    "remove_member": Act("member.remove", before=_second_owner),
    "stop_search": Act("search.stop", before=RUNNING),
    "stop_model": Act(
        "model.stop", before=lambda: SavedModel.objects.update(status=Status.RUNNING)
    ),
    "create_trial": Act("search.try", {"values": {"units": 24}}, RUNNING),
    "confirm_search": Act("search.start"),
    "evaluate_model": Act("model.evaluate", before=lambda: ModelEvaluation.objects.all().delete()),
    "free_disk": Act("disk.free"),
    "upgrade_template": Act("project.upgrade", before=_newer_template),
    "train_trial_to_end": Act("trial.train_to_end", before=_pruned),
    "create_invitation": Act("invitation.create", {"role": "editor"}),
    "revoke_invitation": Act("invitation.revoke"),
    "change_quotas": Act("team.quotas", {"weight": 3}),
    "delete_import": Act("import.delete"),
}
# Their pages record the same action.
API_AS_PAGES = {
    "create_dataset": "dataset-create", "delete_dataset": "dataset-delete",
    "delete_template": "hypermodel-delete", "create_import": "import-create",
    "upgrade_dataset": "project-data-upgrade", "prepare_dataset": "dataset-columns",
    "pin_trial": "trial-pin", "unpin_trial": "trial-pin",
}  # fmt: skip
API_EXEMPT = {
    **dict.fromkeys(
        (
            "comment_search", "comment_trial", "delete_comment", "edit_comment", "star_search",
            "star_trial", "tag_search", "tag_trial", "unstar_search", "unstar_trial",
            "untag_search", "untag_trial",
        ),
        TALK,
    ),
    **dict.fromkeys(("ask_trial", "begin_run", "finish_trial", "log_epochs"), PARTS),
    **dict.fromkeys(
        (
            "validate_template", "validate_project", "predict_rows", "predict_file",
            "start_project_dry_run", "start_template_dry_run",
        ),
        LOOKS,
    ),
    **dict.fromkeys(
        (
            "read_notifications", "begin_upload", "send_part", "discard_upload",
            "change_notification_settings", "change_project_notification_settings",
        ),
        OWN,
    ),
    "choose_import": EXEMPT["import-detail"],
    "resend_delivery": EXEMPT["delivery-resend"],
    "test_webhook": EXEMPT["webhook-test"],
}  # fmt: skip
