"""What the database lets the worker of a joined machine do: a row for each table. Such a worker has
a role of its own, which `actions/worker_roles.py` makes and `manage.py bootstrap` keeps in step.

A table without a row fails `tests/ops/test_worker_rights.py`. The statements of workers' tests are
compared with these rights (`tests/supervisor/rights.py`).

Out of reach: accounts but for who is active, sessions, tokens, invitations, the audit log, mails
(which have links for new passwords), secrets and addresses of webhooks, machines.
"""

from dataclasses import dataclass

from django.apps import apps
from django.db.migrations.recorder import MigrationRecorder

Columns = tuple[str, ...]
ALL: Columns = ("*",)
NONE: Columns = ()


@dataclass(frozen=True)
class Rights:
    """Which columns of a table may be read and changed; whether rows may be added and deleted."""

    select: Columns = NONE
    update: Columns = NONE
    insert: bool = False
    delete: bool = False

    def privileges(self) -> list[str]:
        """As GRANT has them."""
        found = [
            verb if columns == ALL else f"{verb} ({', '.join(map(_quoted, columns))})"
            for verb, columns in (("SELECT", self.select), ("UPDATE", self.update))
            if columns
        ]
        return found + ["INSERT"] * self.insert + ["DELETE"] * self.delete


def _quoted(name: str) -> str:
    return f'"{name}"'


NOTHING = Rights()
READ = Rights(ALL)
WRITE = Rights(ALL, ALL, insert=True, delete=True)
# What people write, which goes with what it is about.
REMOVE = Rights(ALL, delete=True)
EVENT = Rights(ALL, insert=True, delete=True)


def lock(*columns: str) -> Rights:
    """Reads a table and locks its rows, for which PostgreSQL wants the right to change one column:
    one that nothing depends on, or those that are really changed."""
    return Rights(ALL, columns)


RIGHTS: dict[str, Rights] = {
    # Work, what it is about and what it reports.
    "tuning.Trial": WRITE,
    "tuning.TrialIndex": WRITE,
    "tuning.Attempt": WRITE,
    "tuning.Epoch": WRITE,
    "tuning.Execution": WRITE,
    "tuning.Search": WRITE,
    "tuning.Search_warm_start_trials": WRITE,
    "tuning.Dataset": WRITE,
    "tuning.Inspection": WRITE,
    "tuning.DryRun": WRITE,
    "tuning.SearchImport": WRITE,
    "tuning.SavedModel": WRITE,
    "tuning.SavedModelEpoch": WRITE,
    "tuning.ModelEvaluation": WRITE,
    "tuning.Prediction": WRITE,
    "tuning.Importances": WRITE,
    "tuning.PartialUpload": REMOVE,
    "tuning.Project": lock("last_search_number", "last_model_number"),
    "tuning.HyperModel": READ,
    "tuning.Worker": WRITE,
    "tuning.Release": READ,
    # Whom an event concerns, and the event.
    "tuning.Team": lock("created_at"),
    "tuning.Membership": READ,
    "auth.User": Rights(("id", "is_active")),
    "tuning.NotificationChoice": READ,
    "tuning.TeamEvent": EVENT,
    "tuning.Notification": EVENT,
    "tuning.Webhook": Rights(("id", "team_id", "project_id", "kinds", "disabled_at")),
    "tuning.Delivery": EVENT,
    # Filters of trial tables, for importances. Half an imported search is deleted with its notes.
    "tuning.Star": REMOVE,
    "tuning.Tag": REMOVE,
    "tuning.Comment": REMOVE,
    "tuning.Mention": Rights(("id", "comment_id"), delete=True),
    # The site's own.
    "tuning.AccessToken": NOTHING,
    "tuning.AuditEntry": NOTHING,
    "tuning.BrowserSession": NOTHING,
    "tuning.IdempotencyKey": NOTHING,
    "tuning.Invitation": NOTHING,
    "tuning.Machine": NOTHING,
    "tuning.OutgoingMail": NOTHING,
    "tuning.Profile": NOTHING,
    "tuning.SavedView": NOTHING,
    "admin.LogEntry": NOTHING,
    "auth.Group": NOTHING,
    "auth.Group_permissions": NOTHING,
    "auth.Permission": NOTHING,
    "auth.User_groups": NOTHING,
    "auth.User_user_permissions": NOTHING,
    "axes.AccessAttempt": NOTHING,
    "axes.AccessAttemptExpiration": NOTHING,
    "axes.AccessFailureLog": NOTHING,
    "axes.AccessLog": NOTHING,
    "contenttypes.ContentType": NOTHING,
    "sessions.Session": NOTHING,
}


def tables() -> dict[str, str]:
    """The row's name of each table. Raises LookupError if one has no row."""
    models = apps.get_models(include_auto_created=True)
    found = {model._meta.db_table: model._meta.label for model in models if model._meta.managed}
    if missing := sorted(set(found.values()) - set(RIGHTS)):
        raise LookupError(f"no row in tuning/models/worker_rights.py: {', '.join(missing)}")
    return found


def rights_by_table() -> dict[str, Rights]:
    migrations = MigrationRecorder.Migration._meta.db_table
    return {table: RIGHTS[label] for table, label in tables().items()} | {migrations: READ}
