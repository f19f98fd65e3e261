"""Who may use which address: one row for each name in the whole resolver. An address without a row
fails the test of the matrix (`test_permission_matrix.py`)."""

from enum import StrEnum


class Access(StrEnum):
    """Whom an address is for; everybody below is refused."""

    EVERYBODY = "people without an account, too"
    ACCOUNTS = "everybody with an account: lists of their own, and what belongs to nobody"
    MEMBERS = "members of the team, viewers included"
    EDITORS = "editors and owners of the team"
    OWNERS = "owners of the team"
    PERSON = "one person, whose row it is"
    SUPERUSERS = "administrators of the site"


# The admin pages are for administrators alone; the API has a table of its own.
PERMISSIONS: dict[str, Access] = {
    **dict.fromkeys(
        (
            "health", "invitation-open", "login", "password_reset", "password_reset_complete",
            "password_reset_confirm", "password_reset_done", "machine-join", "metrics", "ready",
            "sign-up", "signed-out-elsewhere", "single-sign-on", "single-sign-on-callback",
            "single-sign-out",
        ),
        Access.EVERYBODY,
    ),
    **dict.fromkeys(
        (
            "access-token-list", "api-document", "api-reference", "dataset-create", "dataset-list",
            "help-page", "home-live", "hypermodel-create", "hypermodel-list", "logout",
            "mention-list", "mention-seen", "notification-choices", "notification-list",
            "notification-live", "notification-read", "palette", "password_change",
            "password_change_done", "profile", "profile-theme", "project-create", "project-list",
            "queue-list",
            "session-end-others", "session-list", "team-create", "team-list", "upload-create",
            "worker-list",
        ),
        Access.ACCOUNTS,
    ),
    **dict.fromkeys(
        (
            "comment-detail", "dataset-detail", "dataset-live", "dataset-picture",
            "hypermodel-detail", "hypermodel-diff", "hypermodel-live", "import-detail",
            "import-live", "project-activity", "project-data", "project-detail", "project-live",
            "project-models", "project-models-compare", "project-notifications", "project-plot",
            "project-trial-column", "project-trial-columns", "project-trials", "project-views",
            "saved-model-bundle",
            "saved-model-card", "saved-model-compare", "saved-model-detail", "saved-model-download",
            "saved-model-evaluation", "saved-model-evaluation-live", "saved-model-file",
            "saved-model-live", "saved-model-moved", "saved-model-picture", "saved-model-plots",
            "saved-model-predict", "saved-model-predict-file", "saved-model-rows",
            "search-comments", "search-compare", "search-compare-live", "search-compare-plots",
            "search-detail", "search-failures", "search-live", "search-moved", "search-plot",
            "search-plots", "search-preview", "search-settings", "search-star",
            "search-tensorboard", "team-detail", "trial-card", "trial-column", "trial-columns",
            "trial-comments", "trial-compare", "trial-compare-live", "trial-compare-plots",
            "trial-compare-remember", "trial-detail", "trial-list", "trial-live", "trial-moved",
            "trial-plots", "trial-preview", "trial-star", "view-list",
        ),
        Access.MEMBERS,
    ),
    **dict.fromkeys(
        (
            "dataset-arrays", "dataset-columns", "dataset-delete", "dataset-name", "dataset-retry",
            "dry-run-create", "hypermodel-dry-run",
            "hypermodel-delete", "hypermodel-edit", "hypermodel-inspect", "hypermodel-name",
            "import-create", "import-delete", "log-create", "project-data-upgrade",
            "project-delete",
            "project-inspect", "project-mark", "project-name", "project-settings",
            "project-upgrade", "saved-model-delete", "saved-model-evaluate", "saved-model-name",
            "saved-model-stage", "saved-model-stop", "search-confirm", "search-create",
            "search-delete", "search-extend", "search-gpu", "search-limits", "search-name",
            "search-pause",
            "search-plan", "search-priority", "search-resume", "search-stop", "search-tags",
            "search-try", "trial-pin", "trial-retrain", "trial-tags", "trial-train-to-end",
            "delivery-resend", "team-webhooks",
            "webhook-delete", "webhook-detail", "webhook-enable", "webhook-live", "webhook-secret",
            "webhook-test",
        ),
        Access.EDITORS,
    ),
    **dict.fromkeys(
        (
            "invitation-create", "invitation-revoke", "member-remove", "member-set", "team-archive",
            "team-audit-log", "team-handover", "team-name", "project-move",
        ),
        Access.OWNERS,
    ),
    **dict.fromkeys(
        (
            "access-token-revoke", "comment-delete", "comment-edit", "dry-run-live",
            "prediction-live", "prediction-rows", "session-end", "upload-address",
            "upload-detail", "upload-finish", "upload-part", "view-change", "view-delete",
        ),
        Access.PERSON,
    ),
    **dict.fromkeys(
        (
            "audit-log", "person-activate", "person-create", "person-deactivate", "person-detail",
            "person-list", "person-password", "quota-list", "team-quotas", "disk-space",
            "disk-free", "sign-in-log", "worker-request", "machine-create", "machine-remove",
            "gallery-dataset", "gallery-hypermodel", "gallery-list",
        ),
        Access.SUPERUSERS,
    ),
}  # fmt: skip
