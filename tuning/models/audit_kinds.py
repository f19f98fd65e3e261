"""What the audit log knows: a row for each kind of act, with its sentence.

A row is the kind's key, its name in filters, and its sentence, before which stands who acted.
`{subject}` is what they acted on, other names are details that `actions/audit.py` records with it.
"""

from dataclasses import dataclass
from enum import StrEnum


class AuditGroup(StrEnum):
    SIGN_INS = "Sign-ins"
    ACCOUNTS = "Accounts and access tokens"
    TEAMS = "Teams and members"
    PROJECTS = "Projects"
    SEARCHES = "Searches"
    MODELS = "Models"
    DATA = "Datasets and templates"
    DOWNLOADS = "Downloads"
    SITE = "Administration"


@dataclass(frozen=True)
class AuditKind:
    key: str
    group: AuditGroup
    label: str
    sentence: str


_KINDS = {
    AuditGroup.SIGN_INS: (
        ("sign_in", "Signed in", "signed in"),
        ("sign_in.sso", "Signed in by single sign-on", "signed in by single sign-on"),
        (
            "sign_in.sso_failed", "Single sign-on failed",
            "failed to sign in as {subject} by single sign-on: {reason}",
        ),
        ("sign_in.failed", "Sign-in failed", "failed to sign in as {subject}"),
        ("sign_in.refused", "Sign-in refused", "made too many attempts to sign in as {subject}"),
        ("sign_out", "Signed out", "signed out"),
        ("sign_out.sso", "Signed out by single sign-on", "signed out by single sign-on"),
        ("session.end", "Session ended", "ended {sessions} of {subject}"),
    ),
    AuditGroup.ACCOUNTS: (
        ("account.create", "Account created", "created account {subject}"),
        ("account.change", "Profile changed", "changed the {fields} of {subject}"),
        ("account.password", "Password changed", "set a new password for {subject}"),
        ("account.password_link", "Password link created", "created a password link for {subject}"),
        ("account.deactivate", "Account deactivated", "deactivated {subject}"),
        ("account.activate", "Account activated", "activated {subject}"),
        ("token.create", "Access token created", "created access token {subject} ({scope})"),
        ("token.revoke", "Access token revoked", "revoked access token {subject}"),
    ),
    AuditGroup.TEAMS: (
        ("team.create", "Team created", "created {subject}"),
        ("team.hand_over", "Team handed over", "handed the team over to {subject}"),
        ("team.archive", "Team archived", "archived {subject}"),
        ("team.restore", "Team restored", "restored {subject}"),
        ("member.add", "Member added", "added {subject} as {role}"),
        ("member.join", "Member joined", "joined by invitation as {role}"),
        ("member.role", "Role changed", "changed the role of {subject} from {before} to {role}"),
        ("member.remove", "Member removed", "removed {subject} ({role})"),
        ("invitation.create", "Invitation created", "invited {subject} as {role}"),
        ("invitation.revoke", "Invitation revoked", "revoked the invitation of {subject}"),
        ("webhook.create", "Webhook created", "created {subject}"),
        ("webhook.change", "Webhook changed", "changed the {fields} of {subject}"),
        ("webhook.enable", "Webhook enabled", "enabled {subject}"),
        ("webhook.delete", "Webhook deleted", "deleted {subject}"),
    ),
    AuditGroup.PROJECTS: (
        ("project.create", "Project created", "created {subject}"),
        ("project.upgrade", "Template or dataset updated", "updated {subject} to {to}"),
        ("project.archive", "Project archived", "archived {subject}"),
        ("project.restore", "Project restored", "restored {subject}"),
        ("project.move", "Project moved away", "moved {subject} to team {to}"),
        ("project.receive", "Project received", "moved {subject} here from team {before}"),
        ("project.delete", "Project deleted", "deleted {subject}"),
        ("name.change", "Renamed", "changed the {fields} of {subject}"),
    ),
    AuditGroup.SEARCHES: (
        ("search.start", "Search started", "started {subject}"),
        ("search.pause", "Search paused", "paused {subject}"),
        ("search.resume", "Search resumed", "resumed {subject}"),
        ("search.stop", "Search stopped", "stopped {subject}"),
        ("search.extend", "Search extended", "extended {subject} by {more}"),
        ("search.priority", "Priority changed", "set the priority of {subject} to {priority}"),
        ("search.gpu", "GPU setting changed", "set the GPU of {subject} to {need}"),
        ("search.limits", "Limits changed", "changed the limits of {subject}: {limits}"),
        ("search.try", "Values tried", "tried values in {subject}"),
        ("search.delete", "Search deleted", "deleted {subject}"),
        ("search.import", "Search imported", "imported {subject}"),
        ("import.delete", "Import deleted", "deleted the import of {subject}"),
        ("trial.train_to_end", "Trained to the end", "had {subject} trained to the end"),
        ("trial.pin", "Weights pinned", "pinned the weights of {subject}"),
        ("trial.unpin", "Weights unpinned", "unpinned the weights of {subject}"),
    ),
    AuditGroup.MODELS: (
        ("model.retrain", "Model retrained", "retrained {trial} as {subject}"),
        ("model.stop", "Retraining stopped", "stopped the retraining of {subject}"),
        ("model.stage", "Stage changed", "set the stage of {subject} to {stage}"),
        ("model.evaluate", "Model evaluated", "had {subject} evaluated"),
        ("model.delete", "Model deleted", "deleted {subject}"),
    ),
    AuditGroup.DATA: (
        ("dataset.create", "Dataset uploaded", "uploaded {subject}"),
        ("dataset.prepare", "Dataset prepared", "prepared {subject}"),
        ("dataset.delete", "Dataset deleted", "deleted {subject}"),
        ("template.create", "Template created", "created {subject}"),
        ("template.change", "Template changed", "changed {subject}"),
        ("template.delete", "Template deleted", "deleted {subject}"),
        ("gallery.publish", "Published in the gallery", "published {subject} in the gallery"),
        ("gallery.unpublish", "Unpublished", "took {subject} out of the gallery"),
    ),
    AuditGroup.DOWNLOADS: (
        ("model.download", "Model downloaded", "downloaded {file} of {subject}"),
        ("trials.export", "Trials exported", "exported trials of {subject} ({format})"),
        ("audit.export", "Audit log exported", "exported the audit log ({format})"),
    ),
    AuditGroup.SITE: (
        ("worker.change", "Worker changed", "{action} {subject}"),
        ("machine.add", "Machine added", "created a token for {subject}"),
        ("machine.join", "Machine joined", "let {subject} ({host}) join by its token"),
        ("machine.remove", "Machine removed", "removed {subject}"),
        ("team.quotas", "Quotas changed", "set quotas of {subject}: {quotas}"),
        ("disk.free", "Disk space freed", "freed {size} of disk space: {subject}"),
        ("site.backup", "Backup created", "created backup {subject} in {folder}"),
        ("site.restore", "Backup restored", "restored backup {subject} of {folder}"),
        ("site.move", "Database moved", "moved all rows to the database {subject}"),
        ("admin.change", "Admin pages", "{action} {subject} on the admin pages"),
    ),
}  # fmt: skip
AUDIT_KINDS = {
    kind.key: kind
    for group, rows in _KINDS.items()
    for kind in (AuditKind(key, group, label, sentence) for key, label, sentence in rows)
}
