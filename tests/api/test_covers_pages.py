"""What people do on pages, scripts do by the API: a row for each address that acts or shows
something, with its operations or why it has none. A new page without a row fails."""

from tests.views.permissions import PERMISSIONS

from .test_every_operation import OPERATIONS

ACCESS = "accounts and their ways in: a lost token must open no other, and lock nobody out"
DRAWN = "what a page draws or computes of what the API has"
LOOK = "how a person likes to see a page"
LIVE = "the piece of a page that follows it"
SITE = "no data of a team: for people who sign in, or programs that watch the site"

# Names of pages and what does the same; several operations are separated by spaces.
COVERED = {
    "audit-log": "site_audit_log", "team-audit-log": "team_audit_log",
    "sign-in-log": "site_audit_log",
    "comment-delete": "delete_comment", "comment-edit": "edit_comment",
    "dataset-arrays": "prepare_dataset", "dataset-columns": "prepare_dataset",
    "dataset-create": "create_dataset", "dataset-delete": "delete_dataset",
    "dataset-detail": "show_dataset", "dataset-list": "list_datasets",
    "dataset-name": "change_dataset", "dataset-picture": "show_dataset_picture",
    "dataset-retry": "prepare_dataset", "disk-free": "show_disk free_disk",
    "disk-space": "show_disk",
    "delivery-resend": "resend_delivery", "dry-run-create": "start_project_dry_run",
    "gallery-dataset": "publish_dataset unpublish_dataset", "gallery-list": "list_datasets",
    "gallery-hypermodel": "publish_template unpublish_template",
    "hypermodel-create": "create_template", "hypermodel-delete": "delete_template",
    "hypermodel-detail": "show_template", "hypermodel-dry-run": "start_template_dry_run",
    "hypermodel-edit": "create_version", "hypermodel-inspect": "validate_template",
    "hypermodel-list": "list_templates", "hypermodel-name": "change_template",
    "import-create": "create_import", "import-delete": "delete_import",
    "import-detail": "show_import choose_import",
    "invitation-create": "create_invitation", "invitation-revoke": "revoke_invitation",
    "log-create": "open_log", "member-remove": "remove_member", "member-set": "set_member",
    "mention-list": "list_notifications", "mention-seen": "read_notifications",
    "notification-choices": "show_notification_settings change_notification_settings",
    "notification-list": "list_notifications", "notification-read": "read_notifications",
    "prediction-live": "show_prediction show_prediction_picture show_prediction_reconstruction",
    "prediction-rows": "download_prediction",
    "project-create": "create_project", "project-data": "show_project show_dataset",
    "project-data-upgrade": "upgrade_dataset", "project-delete": "delete_project",
    "project-detail": "show_project list_searches", "project-inspect": "validate_project",
    "project-list": "list_projects",
    "project-mark": "star_trial unstar_trial tag_trial untag_trial pin_trial unpin_trial",
    "project-models": "list_models", "project-models-compare": "compare_models",
    "project-move": "show_move move_project", "project-name": "change_project",
    "project-notifications": "show_project_notification_settings "
    "change_project_notification_settings",
    "project-settings": "change_project", "project-upgrade": "upgrade_template",
    "queue-list": "show_queue", "quota-list": "list_quotas", "team-quotas": "change_quotas",
    "saved-model-bundle": "download_bundle", "saved-model-compare": "compare_models",
    "saved-model-delete": "delete_model", "saved-model-detail": "show_model list_model_epochs",
    "saved-model-download": "download_model", "saved-model-evaluate": "evaluate_model",
    "saved-model-evaluation": "show_evaluation", "saved-model-file": "download_bundle",
    "saved-model-name": "change_model", "saved-model-picture": "show_test_picture",
    "saved-model-rows": "list_test_rows show_reconstruction",
    "saved-model-predict": "predict_rows",
    "saved-model-predict-file": "predict_file", "saved-model-stage": "change_model",
    "saved-model-stop": "stop_model",
    "search-comments": "list_search_comments comment_search",
    "search-confirm": "confirm_search list_confirmations", "search-create": "create_search",
    "search-delete": "delete_search", "search-detail": "show_search",
    "search-extend": "extend_search", "search-limits": "change_search",
    "search-gpu": "change_search",
    "search-name": "change_search", "search-pause": "pause_search",
    "search-priority": "change_search", "search-resume": "resume_search",
    "search-settings": "show_search", "search-star": "star_search unstar_search",
    "search-stop": "stop_search", "search-tags": "tag_search untag_search",
    "search-tensorboard": "export_tensorboard", "search-try": "create_trial",
    "team-archive": "change_team", "team-create": "create_team", "team-detail": "show_team",
    "team-handover": "hand_over_team", "team-list": "list_teams", "team-name": "change_team",
    "team-webhooks": "list_webhooks create_webhook",
    "trial-comments": "list_trial_comments comment_trial", "trial-detail": "show_trial list_epochs",
    "trial-list": "list_trials export_trials", "trial-pin": "pin_trial unpin_trial",
    "trial-retrain": "retrain_trial", "trial-star": "star_trial unstar_trial",
    "trial-tags": "tag_trial untag_trial", "trial-train-to-end": "train_trial_to_end",
    "upload-create": "begin_upload", "upload-detail": "show_upload discard_upload",
    "upload-part": "send_part",
    "webhook-delete": "delete_webhook", "webhook-detail": "show_webhook change_webhook "
    "list_deliveries", "webhook-enable": "change_webhook",
    "webhook-secret": "replace_webhook_secret", "webhook-test": "test_webhook",
    "worker-list": "list_workers", "worker-request": "change_worker",
}  # fmt: skip
ONLY_PAGES = {
    **dict.fromkeys(
        (
            "access-token-list", "access-token-revoke", "invitation-open", "login", "logout",
            "machine-create", "machine-join", "machine-remove",
            "password_change", "password_change_done", "password_reset", "password_reset_complete",
            "password_reset_confirm", "password_reset_done", "person-activate", "person-create",
            "person-deactivate", "person-detail", "person-list", "person-password", "profile",
            "session-end", "session-end-others", "session-list", "sign-up",
            "signed-out-elsewhere", "single-sign-on", "single-sign-on-callback", "single-sign-out",
        ),
        ACCESS,
    ),
    **dict.fromkeys(
        (
            "comment-detail", "hypermodel-diff", "palette", "project-activity", "project-plot",
            "saved-model-card", "saved-model-plots", "search-compare", "search-compare-plots",
            "search-failures", "search-plan", "search-plot", "search-plots", "search-preview",
            "trial-card", "trial-compare", "trial-compare-plots", "trial-plots", "trial-preview",
        ),
        DRAWN,
    ),
    **dict.fromkeys(
        (
            "profile-theme", "project-trial-column", "project-trial-columns",
            "project-views", "trial-column", "trial-columns", "trial-compare-remember",
            "view-change", "view-delete", "view-list",
        ),
        LOOK,
    ),
    **dict.fromkeys(
        (
            "dataset-live", "dry-run-live", "home-live", "hypermodel-live", "import-live",
            "notification-live", "project-live", "saved-model-evaluation-live",
            "saved-model-live", "search-compare-live", "search-live", "trial-compare-live",
            "trial-live", "webhook-live",
        ),
        LIVE,
    ),
    **dict.fromkeys(
        ("api-document", "api-reference", "health", "help-page", "metrics", "ready"), SITE
    ),
    **dict.fromkeys(("saved-model-moved", "search-moved", "trial-moved"), "old addresses"),
    **dict.fromkeys(
        ("upload-address", "upload-finish"), "parts that a script sends come through the site"
    ),
    # With a token and format=json, the page of the table is the export.
    "project-trials": "its page exports the table to scripts",
}  # fmt: skip


def test_every_page_has_operations_or_a_reason_not_to() -> None:
    assert set(COVERED) & set(ONLY_PAGES) == set()
    without = sorted(set(PERMISSIONS) - set(COVERED) - set(ONLY_PAGES))
    assert without == [], "add an operation, or say in this table why there is none"
    assert set(COVERED) | set(ONLY_PAGES) <= set(PERMISSIONS)


def test_every_operation_that_is_named_exists() -> None:
    named = {name for operations in COVERED.values() for name in operations.split()}
    assert named <= set(OPERATIONS)
