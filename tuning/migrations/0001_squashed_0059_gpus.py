"""The tables as the migrations up to 0059 leave them, in one step: a new installation needs two
seconds for it, not half a minute. A database that an earlier version made goes on with the single ones."""

import uuid

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import tuning.event_kinds
import tuning.models.partial_uploads
import tuning.models.validators
import tuning.models.webhooks
import tuning.protocol.data_kinds
import tuning.protocol.gpu_needs
import tuning.protocol.model_kinds
import tuning.protocol.splitting
import tuning.protocol.statuses
import tuning.protocol.tasks
import tuning.strategies.traits


class Migration(migrations.Migration):
    replaces = [
        ("tuning", "0001_initial"),
        ("tuning", "0002_own_datasets"),
        ("tuning", "0003_own_data_and_code"),
        ("tuning", "0004_reading_together"),
        ("tuning", "0005_names"),
        ("tuning", "0006_outgoing_mails"),
        ("tuning", "0007_not_finite_metrics"),
        ("tuning", "0008_metric_directions"),
        ("tuning", "0009_script_settings"),
        ("tuning", "0010_how_models_are_saved"),
        ("tuning", "0011_bayesian_settings"),
        ("tuning", "0012_strategies"),
        ("tuning", "0013_limits"),
        ("tuning", "0014_pruning"),
        ("tuning", "0015_search_page_indexes"),
        ("tuning", "0016_people"),
        ("tuning", "0017_search_descriptions"),
        ("tuning", "0018_archived_projects"),
        ("tuning", "0019_executions"),
        ("tuning", "0020_model_evaluations"),
        ("tuning", "0021_model_names"),
        ("tuning", "0022_glossary_names"),
        ("tuning", "0023_kinds_and_tasks_by_their_tables"),
        ("tuning", "0024_numbers_in_addresses"),
        ("tuning", "0025_predictions"),
        ("tuning", "0026_confirmations"),
        ("tuning", "0027_model_versions_and_evaluations"),
        ("tuning", "0028_api_access"),
        ("tuning", "0029_partial_uploads"),
        ("tuning", "0030_several_objectives"),
        ("tuning", "0031_class_weights"),
        ("tuning", "0032_dataset_versions"),
        ("tuning", "0033_bundled_datasets"),
        ("tuning", "0034_splits_and_weights"),
        ("tuning", "0035_tasks_of_projects"),
        ("tuning", "0036_scripts"),
        ("tuning", "0037_optuna_imports"),
        ("tuning", "0038_ask_and_tell"),
        ("tuning", "0039_optuna_scripts"),
        ("tuning", "0040_sequence_templates"),
        ("tuning", "0041_dry_runs"),
        ("tuning", "0042_team_quotas"),
        ("tuning", "0043_archived_teams_and_managing_tokens"),
        ("tuning", "0044_notifications"),
        ("tuning", "0045_audit_log"),
        ("tuning", "0046_cross_validated_networks"),
        ("tuning", "0047_pinned_trials"),
        ("tuning", "0048_worker_requests"),
        ("tuning", "0049_stored_by_hash"),
        ("tuning", "0050_gallery"),
        ("tuning", "0051_lost_trials_resume"),
        ("tuning", "0052_requested_revision"),
        ("tuning", "0053_quick_ends"),
        ("tuning", "0054_arguments_of_optuna_scripts"),
        ("tuning", "0055_machines"),
        ("tuning", "0056_mean_reconstruction"),
        ("tuning", "0057_direct_uploads"),
        ("tuning", "0058_tokens_of_one_team"),
        ("tuning", "0059_gpus"),
    ]

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OutgoingMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sender", models.TextField()),
                ("recipients", models.JSONField(help_text="Addresses.")),
                ("subject", models.TextField(blank=True)),
                ("text", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "next_try_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Profile",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="profile",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "theme",
                    models.CharField(
                        blank=True,
                        choices=[("", "As the system"), ("light", "Light"), ("dark", "Dark")],
                        max_length=10,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Release",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("worker_protocol", models.PositiveIntegerField()),
                ("oldest_worker_protocol", models.PositiveIntegerField()),
                ("build", models.CharField(max_length=20)),
            ],
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ("kind", models.CharField(max_length=40)),
                ("person_id", models.BigIntegerField(null=True)),
                ("person", models.CharField(blank=True, help_text="The username.", max_length=150)),
                (
                    "via",
                    models.CharField(
                        blank=True,
                        choices=[("page", "Website"), ("api", "API"), ("command", "Command line")],
                        max_length=10,
                    ),
                ),
                (
                    "token",
                    models.CharField(
                        blank=True, help_text="The access token's name.", max_length=80
                    ),
                ),
                ("team_id", models.BigIntegerField(null=True)),
                ("team", models.CharField(blank=True, max_length=80)),
                ("project_id", models.BigIntegerField(null=True)),
                ("project", models.CharField(blank=True, max_length=80)),
                ("subject_kind", models.CharField(blank=True, max_length=20)),
                ("subject", models.CharField(blank=True, max_length=300)),
                ("details", models.JSONField(blank=True, default=dict)),
                ("address", models.CharField(blank=True, max_length=45)),
                ("browser", models.CharField(blank=True, max_length=80)),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["team_id", "id"], name="audit_of_team"),
                    models.Index(fields=["kind", "id"], name="audit_of_kind"),
                    models.Index(fields=["person", "id"], name="audit_of_person"),
                ],
            },
        ),
        migrations.CreateModel(
            name="BrowserSession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=40, unique=True)),
                ("browser", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("last_used_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="browser_sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-last_used_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Machine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        max_length=40,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[A-Za-z0-9][A-Za-z0-9._-]*\\Z",
                                "Use letters, digits, dots, hyphens and underscores.",
                            )
                        ],
                    ),
                ),
                ("token_digest", models.CharField(max_length=64, unique=True)),
                ("token_expires_at", models.DateTimeField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("joined_at", models.DateTimeField(blank=True, null=True)),
                ("host", models.CharField(blank=True, max_length=255)),
                (
                    "redis_digest",
                    models.CharField(
                        blank=True,
                        help_text="SHA-256 of its password for Redis, which forgets it.",
                        max_length=64,
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="PartialUpload",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        default=tuning.models.partial_uploads.new_key,
                        editable=False,
                        max_length=32,
                        unique=True,
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                ("size", models.BigIntegerField(help_text="Of the whole file, in bytes.")),
                (
                    "part_size",
                    models.PositiveIntegerField(help_text="Of each part but the last, in bytes."),
                ),
                ("used_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="partial_uploads",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "damage",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="As a sentence.",
                        max_length=200,
                    ),
                ),
                (
                    "multipart_id",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The store's name for an upload that goes straight there.",
                    ),
                ),
                (
                    "read_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="A process of the site reads what came, at least so long.",
                        null=True,
                    ),
                ),
                (
                    "sha256",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Of the whole file, once it was read and is in the store.",
                        max_length=64,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Worker",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200, unique=True)),
                ("slots", models.PositiveSmallIntegerField()),
                (
                    "devices",
                    models.JSONField(
                        default=list, help_text="What each slot trains on, as a sentence."
                    ),
                ),
                ("versions", models.JSONField(default=dict)),
                (
                    "isolation",
                    models.JSONField(
                        default=list, help_text="Probed layers: name, active, detail."
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("stopped_at", models.DateTimeField(blank=True, null=True)),
                (
                    "clock_offset",
                    models.FloatField(
                        blank=True,
                        help_text="Seconds that its clock is ahead of the database's.",
                        null=True,
                    ),
                ),
                ("host", models.CharField(blank=True, db_default="", max_length=255)),
                (
                    "memory",
                    models.BigIntegerField(
                        blank=True,
                        help_text="Bytes that its machine or its container has.",
                        null=True,
                    ),
                ),
                (
                    "refusal",
                    models.TextField(
                        blank=True,
                        db_default="",
                        help_text="Why it may take no work, as a sentence.",
                    ),
                ),
                (
                    "requested",
                    models.CharField(
                        blank=True,
                        choices=[("", "Works"), ("pause", "Paused"), ("drain", "Draining")],
                        db_default="",
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "gpu_problem",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Why its GPUs are not used, as a sentence.",
                    ),
                ),
                (
                    "gpu_slots",
                    models.PositiveSmallIntegerField(
                        db_default=0,
                        default=0,
                        help_text="How many of its slots, the first ones, have a GPU.",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=200)),
                (
                    "request",
                    models.CharField(
                        help_text="Digest of its address and its body.", max_length=64
                    ),
                ),
                ("status", models.PositiveSmallIntegerField(default=0)),
                ("answer", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="idempotency_keys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "key"), name="one_answer_per_idempotency_key"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Trial",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=tuning.protocol.statuses.status_choices,
                        default=tuning.protocol.statuses.Status["QUEUED"],
                        max_length=10,
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("lease_expires_at", models.DateTimeField(blank=True, null=True)),
                ("slot", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("progress_text", models.CharField(blank=True, max_length=200)),
                ("failure_code", models.CharField(blank=True, max_length=30)),
                ("failure_message", models.TextField(blank=True)),
                ("failure_traceback", models.TextField(blank=True)),
                ("log_tail", models.TextField(blank=True)),
                ("number", models.PositiveIntegerField()),
                ("is_baseline", models.BooleanField(default=False)),
                (
                    "oracle_id",
                    models.CharField(
                        blank=True,
                        help_text="KerasTuner's trial_id; empty outside the oracle.",
                        max_length=20,
                    ),
                ),
                (
                    "values",
                    models.JSONField(
                        default=dict, help_text="Hyperparameters, without KerasTuner's own."
                    ),
                ),
                (
                    "tuner_values",
                    models.JSONField(
                        blank=True, default=dict, help_text="KerasTuner's tuner/* keys."
                    ),
                ),
                ("code_failures", models.PositiveSmallIntegerField(default=0)),
                ("score", models.FloatField(blank=True, null=True)),
                (
                    "best_epoch",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Epochs from the model's start to its best score.",
                        null=True,
                    ),
                ),
                ("metrics", models.JSONField(blank=True, default=dict)),
                ("execution_scores", models.JSONField(blank=True, default=list)),
                ("epochs_done", models.PositiveIntegerField(default=0)),
                ("parameters", models.BigIntegerField(blank=True, null=True)),
                ("layers", models.TextField(blank=True)),
                ("end_order", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "worker",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tuning.worker",
                    ),
                ),
                (
                    "last_metrics",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="After the last epoch, averaged over the executions.",
                    ),
                ),
                (
                    "peak_memory",
                    models.BigIntegerField(
                        blank=True,
                        help_text="Bytes that the runner's processes had at most.",
                        null=True,
                    ),
                ),
                (
                    "not_finite",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Metrics that were NaN or infinite in an epoch or at the best one.",
                    ),
                ),
                (
                    "trains_to_end",
                    models.BooleanField(
                        default=False,
                        help_text="A person wants it to be trained to its end: it is not pruned.",
                    ),
                ),
                (
                    "pruned_after",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Epochs or folds after which it was pruned.",
                        null=True,
                    ),
                ),
                (
                    "pruned_attempt",
                    models.PositiveIntegerField(
                        blank=True, help_text="The attempt that was pruned.", null=True
                    ),
                ),
                (
                    "lost_attempts",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How many attempts ended because the worker was lost."
                    ),
                ),
                (
                    "confirms",
                    models.ForeignKey(
                        blank=True,
                        help_text="The trial of an earlier search whose values it runs again.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="confirmations",
                        to="tuning.trial",
                    ),
                ),
                (
                    "measures",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="What the search asks to measure, by names of tuning.protocol.measured.",
                    ),
                ),
                (
                    "brings_values",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Its script chose the values: nobody else can train it.",
                    ),
                ),
                (
                    "script",
                    models.CharField(
                        blank=True,
                        db_default="",
                        help_text="What trains it elsewhere, as that calls itself; empty if a worker does.",
                        max_length=200,
                    ),
                ),
                (
                    "prune_now",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="A pruner wants its script to end it.",
                    ),
                ),
                (
                    "distributions",
                    models.JSONField(
                        blank=True,
                        help_text="What a script's trial drew its values from, as Optuna writes it.",
                        null=True,
                    ),
                ),
                (
                    "pinned",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="A person wants the weights of this pruned trial to be kept.",
                    ),
                ),
                (
                    "checkpoint_sha256",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Of the folder with the weights that another trial or attempt goes on from.",
                        max_length=64,
                    ),
                ),
                (
                    "resume_attempt",
                    models.PositiveIntegerField(
                        blank=True, help_text="The attempt that wrote it.", null=True
                    ),
                ),
                (
                    "resume_epoch",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="The epoch of its last checkpoint, if it still runs.",
                        null=True,
                    ),
                ),
                (
                    "resume_sha256",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Of its folder.",
                        max_length=64,
                    ),
                ),
                (
                    "gpu_name",
                    models.CharField(blank=True, db_default="", default="", max_length=120),
                ),
                (
                    "gpu_use",
                    models.FloatField(
                        blank=True,
                        help_text="Mean share of the time in which the GPU computed.",
                        null=True,
                    ),
                ),
                (
                    "peak_gpu_memory",
                    models.BigIntegerField(
                        blank=True,
                        help_text="Bytes that its processes had on the GPU at most.",
                        null=True,
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="Epoch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("attempt", models.PositiveIntegerField()),
                ("execution", models.PositiveSmallIntegerField()),
                (
                    "epoch",
                    models.PositiveIntegerField(
                        help_text="Counts from 1 at the model's true start."
                    ),
                ),
                ("seconds", models.FloatField()),
                ("metrics", models.JSONField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="epochs",
                        to="tuning.trial",
                    ),
                ),
            ],
            options={
                "ordering": ["execution", "epoch"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("trial", "attempt", "execution", "epoch"), name="one_row_per_epoch"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "worker_name",
                    models.CharField(help_text="Of the worker or the script.", max_length=200),
                ),
                (
                    "slot",
                    models.PositiveSmallIntegerField(help_text="Scripts have none.", null=True),
                ),
                ("started_at", models.DateTimeField(auto_now_add=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("outcome", models.CharField(blank=True, max_length=200)),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="tuning.trial",
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(fields=("trial", "number"), name="one_row_per_attempt")
                ],
            },
        ),
        migrations.CreateModel(
            name="Execution",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=tuning.protocol.statuses.status_choices,
                        default=tuning.protocol.statuses.Status["QUEUED"],
                        max_length=10,
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("lease_expires_at", models.DateTimeField(blank=True, null=True)),
                ("slot", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("progress_text", models.CharField(blank=True, max_length=200)),
                ("failure_code", models.CharField(blank=True, max_length=30)),
                ("failure_message", models.TextField(blank=True)),
                ("failure_traceback", models.TextField(blank=True)),
                ("log_tail", models.TextField(blank=True)),
                ("trial_attempt", models.PositiveIntegerField()),
                ("number", models.PositiveSmallIntegerField()),
                ("metrics", models.JSONField(blank=True, default=dict)),
                ("best_step", models.PositiveIntegerField(default=0)),
                (
                    "peak_memory",
                    models.BigIntegerField(
                        blank=True,
                        help_text="Bytes that the runner's processes had at most.",
                        null=True,
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="executions",
                        to="tuning.trial",
                    ),
                ),
                (
                    "worker",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tuning.worker",
                    ),
                ),
                (
                    "lost_attempts",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How many attempts ended because the worker was lost."
                    ),
                ),
                (
                    "gpu_name",
                    models.CharField(blank=True, db_default="", default="", max_length=120),
                ),
                (
                    "gpu_use",
                    models.FloatField(
                        blank=True,
                        help_text="Mean share of the time in which the GPU computed.",
                        null=True,
                    ),
                ),
                (
                    "peak_gpu_memory",
                    models.BigIntegerField(
                        blank=True,
                        help_text="Bytes that its processes had on the GPU at most.",
                        null=True,
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("trial", "trial_attempt", "number"), name="one_row_per_execution"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Team",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        max_length=80, validators=[tuning.models.validators.validate_name]
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "max_files",
                    models.PositiveIntegerField(
                        blank=True, help_text="Uploaded datasets and saved models.", null=True
                    ),
                ),
                (
                    "max_slots",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Trials, executions and retrainings at once.",
                        null=True,
                    ),
                ),
                (
                    "max_storage",
                    models.PositiveBigIntegerField(blank=True, help_text="In bytes.", null=True),
                ),
                (
                    "max_trials",
                    models.PositiveIntegerField(blank=True, help_text="Of each search.", null=True),
                ),
                (
                    "weight",
                    models.PositiveSmallIntegerField(
                        db_default=1,
                        default=1,
                        help_text="Its share of the slots where teams wait for them.",
                    ),
                ),
                (
                    "archived_at",
                    models.DateTimeField(
                        blank=True, help_text="Its projects can only be read since then.", null=True
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Dataset",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=tuning.protocol.statuses.status_choices,
                        default=tuning.protocol.statuses.Status["QUEUED"],
                        max_length=10,
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("lease_expires_at", models.DateTimeField(blank=True, null=True)),
                ("slot", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("progress_text", models.CharField(blank=True, max_length=200)),
                ("failure_code", models.CharField(blank=True, max_length=30)),
                ("failure_message", models.TextField(blank=True)),
                ("failure_traceback", models.TextField(blank=True)),
                ("log_tail", models.TextField(blank=True)),
                ("key", models.SlugField(max_length=40, unique=True)),
                (
                    "name",
                    models.CharField(
                        max_length=80, validators=[tuning.models.validators.validate_name]
                    ),
                ),
                ("description", models.TextField(blank=True)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("bundled", "Bundled"),
                            ("keras", "Downloaded by keras.datasets"),
                            ("upload", "Uploaded"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        blank=True, choices=tuning.protocol.data_kinds.kind_choices, max_length=10
                    ),
                ),
                (
                    "task",
                    models.CharField(
                        blank=True, choices=tuning.protocol.tasks.task_choices, max_length=20
                    ),
                ),
                (
                    "size_text",
                    models.CharField(help_text="Rows and shape, in words.", max_length=120),
                ),
                (
                    "folder",
                    models.CharField(blank=True, help_text="Below DATASETS_ROOT.", max_length=200),
                ),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("profile", models.JSONField(blank=True, default=dict)),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="datasets",
                        to="tuning.team",
                    ),
                ),
                (
                    "worker",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tuning.worker",
                    ),
                ),
                (
                    "upload",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Kind, name and options of the uploaded file.",
                    ),
                ),
                (
                    "upload_sha256",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Of the uploaded file, where it was counted.",
                        max_length=64,
                    ),
                ),
                (
                    "lost_attempts",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How many attempts ended because the worker was lost."
                    ),
                ),
                (
                    "detected_schema",
                    models.JSONField(
                        blank=True, default=dict, help_text="What was found in an uploaded table."
                    ),
                ),
                (
                    "requested",
                    models.BooleanField(
                        default=False, help_text="Somebody chose it, so a worker prepares it."
                    ),
                ),
                (
                    "series",
                    models.CharField(
                        blank=True,
                        db_index=True,
                        help_text="Key of its first version, or empty.",
                        max_length=40,
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "published_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="In the gallery since then: all teams may use it.",
                        null=True,
                    ),
                ),
                (
                    "size",
                    models.PositiveBigIntegerField(
                        blank=True, help_text="Of the prepared files, in bytes.", null=True
                    ),
                ),
                (
                    "upload_size",
                    models.PositiveBigIntegerField(blank=True, help_text="In bytes.", null=True),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="HyperModel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.SlugField(max_length=40)),
                ("version", models.PositiveIntegerField(default=1)),
                ("superseded", models.BooleanField(default=False)),
                (
                    "name",
                    models.CharField(
                        max_length=80, validators=[tuning.models.validators.validate_name]
                    ),
                ),
                ("description", models.TextField(blank=True)),
                ("code", models.TextField()),
                (
                    "kinds",
                    models.JSONField(
                        default=list, help_text="Kinds of dataset that it can be used with."
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hypermodels",
                        to="tuning.team",
                    ),
                ),
                (
                    "constants",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Arguments of its builder that no project supplies.",
                    ),
                ),
                (
                    "task",
                    models.CharField(
                        blank=True,
                        choices=tuning.protocol.tasks.task_choices,
                        db_default="",
                        default="",
                        help_text="What it is made to predict; empty: what the dataset has.",
                        max_length=20,
                    ),
                ),
                (
                    "published_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="In the gallery since then: all teams may use it.",
                        null=True,
                    ),
                ),
                (
                    "gpu",
                    models.CharField(
                        blank=True,
                        choices=tuning.protocol.gpu_needs.gpu_choices,
                        db_default="",
                        default="",
                        help_text="What forms of its searches propose.",
                        max_length=8,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("key", "version"), name="one_row_per_version")
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("owner", "Owner"), ("editor", "Editor"), ("viewer", "Viewer")],
                        default="editor",
                        max_length=10,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="tuning.team",
                    ),
                ),
            ],
            options={
                "ordering": ["user__username"],
                "constraints": [
                    models.UniqueConstraint(fields=("team", "user"), name="one_membership_per_team")
                ],
            },
        ),
        migrations.CreateModel(
            name="Project",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        max_length=80, validators=[tuning.models.validators.validate_name]
                    ),
                ),
                ("description", models.TextField(blank=True)),
                ("train_fraction", models.FloatField(default=0.7)),
                ("validation_fraction", models.FloatField(default=0.15)),
                ("test_fraction", models.FloatField(default=0.15)),
                ("split_seed", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="projects",
                        to="tuning.dataset",
                    ),
                ),
                (
                    "hypermodel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="projects",
                        to="tuning.hypermodel",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="projects",
                        to="tuning.team",
                    ),
                ),
                (
                    "keep_parts",
                    models.BooleanField(
                        default=True, help_text="Where the data come divided: leave them so."
                    ),
                ),
                (
                    "archived_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="It can only be read since then, and lists leave it out.",
                        null=True,
                    ),
                ),
                ("last_model_number", models.PositiveIntegerField(default=0)),
                ("last_search_number", models.PositiveIntegerField(default=0)),
                (
                    "class_weights",
                    models.BooleanField(
                        default=False, help_text="Rows of rare classes count more in training."
                    ),
                ),
                (
                    "split_by",
                    models.CharField(
                        choices=tuning.protocol.splitting.split_choices,
                        db_default="random",
                        default="random",
                        max_length=10,
                    ),
                ),
                (
                    "split_column",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Whose groups or times decide in which part a row is.",
                        max_length=200,
                    ),
                ),
                (
                    "weight_column",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="How much each row counts in training.",
                        max_length=200,
                    ),
                ),
                (
                    "task",
                    models.CharField(
                        blank=True,
                        choices=tuning.protocol.tasks.task_choices,
                        db_default="",
                        default="",
                        help_text="What is predicted; empty: what the dataset has.",
                        max_length=20,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="NotificationChoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(choices=tuning.event_kinds.kind_choices, max_length=30)),
                (
                    "site",
                    models.CharField(
                        blank=True,
                        choices=[("off", "off"), ("own", "own"), ("all", "all")],
                        max_length=3,
                    ),
                ),
                (
                    "mail",
                    models.CharField(
                        blank=True,
                        choices=[("off", "off"), ("own", "own"), ("all", "all")],
                        max_length=3,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tuning.project",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notification_choices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "project", "kind"), name="one_choice_per_project"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("project", None)),
                        fields=("user", "kind"),
                        name="one_choice_per_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedModel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=tuning.protocol.statuses.status_choices,
                        default=tuning.protocol.statuses.Status["QUEUED"],
                        max_length=10,
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("lease_expires_at", models.DateTimeField(blank=True, null=True)),
                ("slot", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("progress_text", models.CharField(blank=True, max_length=200)),
                ("failure_code", models.CharField(blank=True, max_length=30)),
                ("failure_message", models.TextField(blank=True)),
                ("failure_traceback", models.TextField(blank=True)),
                ("log_tail", models.TextField(blank=True)),
                ("epochs", models.PositiveIntegerField()),
                ("batch_size", models.PositiveIntegerField()),
                ("seed", models.PositiveIntegerField(default=1)),
                ("test_metrics", models.JSONField(blank=True, default=dict)),
                ("parameters", models.BigIntegerField(blank=True, null=True)),
                ("layers", models.TextField(blank=True)),
                ("versions", models.JSONField(blank=True, default=dict)),
                (
                    "file",
                    models.CharField(
                        blank=True, help_text="Below SAVED_MODELS_ROOT.", max_length=200
                    ),
                ),
                ("size", models.PositiveBigIntegerField(blank=True, null=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("revision", models.PositiveBigIntegerField(default=1)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_models",
                        to="tuning.project",
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_models",
                        to="tuning.trial",
                    ),
                ),
                (
                    "worker",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tuning.worker",
                    ),
                ),
                (
                    "trusted_types",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="What loading a skops file has to trust beyond what skops trusts by itself.",
                    ),
                ),
                (
                    "layers_code",
                    models.TextField(
                        blank=True, help_text="A module without which Keras cannot load the file."
                    ),
                ),
                (
                    "note",
                    models.TextField(
                        blank=True, help_text="Sentences about how the file was saved."
                    ),
                ),
                ("description", models.TextField(blank=True, help_text="Markdown.")),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        max_length=80,
                        validators=[tuning.models.validators.validate_name],
                    ),
                ),
                (
                    "number",
                    models.PositiveIntegerField(
                        default=0, help_text="Counts the project's models."
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("candidate", "Candidate"),
                            ("approved", "Approved"),
                            ("archived", "Archived"),
                        ],
                        default="candidate",
                        max_length=10,
                    ),
                ),
                (
                    "lost_attempts",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How many attempts ended because the worker was lost."
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        default=1, help_text="Among the project's models of the same name."
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project", "number"), name="one_number_per_model"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("name", ""), _negated=True),
                        fields=("project", "name", "version"),
                        name="one_model_per_version",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedModelEpoch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("attempt", models.PositiveIntegerField()),
                ("epoch", models.PositiveIntegerField()),
                ("seconds", models.FloatField()),
                ("metrics", models.JSONField()),
                (
                    "saved_model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="history",
                        to="tuning.savedmodel",
                    ),
                ),
            ],
            options={
                "ordering": ["epoch"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("saved_model", "attempt", "epoch"),
                        name="one_row_per_saved_model_epoch",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        max_length=80, validators=[tuning.models.validators.validate_name]
                    ),
                ),
                (
                    "query",
                    models.TextField(blank=True, help_text="The address after its question mark."),
                ),
                (
                    "shared",
                    models.BooleanField(
                        default=False, help_text="For the team, not only its owner."
                    ),
                ),
                (
                    "is_default",
                    models.BooleanField(
                        default=False,
                        help_text="What the project's tables open with. Implies shared.",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="views",
                        to="tuning.project",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)),
                        fields=("project",),
                        name="one_default_per_project",
                    ),
                    models.UniqueConstraint(
                        fields=("project", "owner", "name"), name="one_view_per_name"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Search",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("paused", "Paused"),
                            ("completed", "Completed"),
                            ("stopped", "Stopped"),
                            ("failed", "Failed"),
                        ],
                        default=tuning.protocol.statuses.SearchStatus["RUNNING"],
                        max_length=10,
                    ),
                ),
                (
                    "tuner",
                    models.CharField(
                        choices=tuning.strategies.traits.choices, default="auto", max_length=10
                    ),
                ),
                ("objective", models.CharField(max_length=80)),
                (
                    "direction",
                    models.CharField(
                        choices=[("max", "maximise"), ("min", "minimise")], max_length=3
                    ),
                ),
                ("max_trials", models.PositiveIntegerField(default=20)),
                ("epochs", models.PositiveIntegerField(default=10)),
                ("executions_per_trial", models.PositiveSmallIntegerField(default=1)),
                ("batch_size", models.PositiveIntegerField(default=32)),
                ("early_stopping_metric", models.CharField(blank=True, max_length=80)),
                ("early_stopping_patience", models.PositiveIntegerField(default=3)),
                ("seed", models.PositiveIntegerField(default=1)),
                ("parallel_trials", models.PositiveSmallIntegerField(default=2)),
                ("retries", models.PositiveSmallIntegerField(default=0)),
                ("max_consecutive_failures", models.PositiveSmallIntegerField(default=5)),
                (
                    "time_limit",
                    models.PositiveIntegerField(
                        default=3600, help_text="Seconds that one trial may take."
                    ),
                ),
                (
                    "stall_limit",
                    models.PositiveIntegerField(
                        default=900,
                        help_text="Seconds without an event before a trial counts as stuck.",
                    ),
                ),
                ("hyperband_factor", models.PositiveSmallIntegerField(default=3)),
                ("hyperband_iterations", models.PositiveSmallIntegerField(default=1)),
                ("space", models.JSONField(default=dict)),
                ("oracle_state", models.JSONField(blank=True, default=dict)),
                (
                    "exhausted",
                    models.BooleanField(
                        default=False, help_text="The oracle has nothing more to suggest."
                    ),
                ),
                ("failure_message", models.TextField(blank=True)),
                (
                    "revision",
                    models.PositiveBigIntegerField(
                        default=1, help_text="Grows with every change that a page would show."
                    ),
                ),
                ("last_claim_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "hypermodel",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="searches",
                        to="tuning.hypermodel",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="searches",
                        to="tuning.project",
                    ),
                ),
                ("folds", models.PositiveSmallIntegerField(default=5)),
                (
                    "forgiven",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="Failures up to this end_order do not count towards a row of them.",
                    ),
                ),
                (
                    "model_kind",
                    models.CharField(
                        choices=[
                            ("keras", "keras"),
                            ("sklearn", "sklearn"),
                            ("custom", "custom"),
                            ("optuna", "optuna"),
                        ],
                        default=tuning.protocol.model_kinds.ModelKind["KERAS"],
                        max_length=10,
                    ),
                ),
                ("scoring", models.CharField(blank=True, max_length=80)),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        max_length=80,
                        validators=[tuning.models.validators.validate_name],
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("tuneroom", "Tuneroom"),
                            ("script", "scripts"),
                            ("kerastuner", "KerasTuner"),
                            ("tensorboard", "TensorBoard"),
                            ("optuna", "Optuna"),
                        ],
                        default="tuneroom",
                        max_length=12,
                    ),
                ),
                (
                    "refined_from",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="refinements",
                        to="tuning.search",
                    ),
                ),
                (
                    "early_stopping_direction",
                    models.CharField(
                        blank=True, choices=[("max", "maximise"), ("min", "minimise")], max_length=3
                    ),
                ),
                (
                    "bayesian_initial_points",
                    models.PositiveSmallIntegerField(blank=True, null=True),
                ),
                ("bayesian_alpha", models.FloatField(default=0.0001)),
                ("bayesian_beta", models.FloatField(default=2.6)),
                (
                    "oracle_version",
                    models.PositiveBigIntegerField(
                        default=0,
                        help_text="Grows with the oracle's state, so that each is used once.",
                    ),
                ),
                (
                    "end_reason",
                    models.CharField(
                        blank=True,
                        help_text="The limit that was reached. While its last trials run, no other one starts.",
                        max_length=200,
                    ),
                ),
                (
                    "idle_seconds",
                    models.FloatField(
                        default=0.0, help_text="Earlier pauses, and between an end and going on."
                    ),
                ),
                (
                    "max_time",
                    models.PositiveIntegerField(
                        blank=True, help_text="Seconds from its start, without pauses.", null=True
                    ),
                ),
                (
                    "max_training_time",
                    models.PositiveIntegerField(
                        blank=True, help_text="Seconds that its trials take together.", null=True
                    ),
                ),
                ("patience_trials", models.PositiveIntegerField(blank=True, null=True)),
                ("paused_at", models.DateTimeField(blank=True, null=True)),
                ("target_score", models.FloatField(blank=True, null=True)),
                (
                    "pruner",
                    models.CharField(
                        choices=[
                            ("none", "None"),
                            ("auto", "Automatic"),
                            ("median", "Median"),
                            ("percentile", "Percentile"),
                            ("asha", "Successive halving (ASHA)"),
                            ("hyperband", "Hyperband brackets"),
                            ("patient", "Patient median"),
                            ("threshold", "Threshold"),
                            ("wilcoxon", "Wilcoxon test"),
                        ],
                        default="none",
                        max_length=10,
                    ),
                ),
                ("pruning_factor", models.PositiveSmallIntegerField(default=3)),
                ("pruning_interval", models.PositiveIntegerField(default=1)),
                ("pruning_lower", models.FloatField(blank=True, null=True)),
                ("pruning_min_trials", models.PositiveIntegerField(default=5)),
                ("pruning_p", models.FloatField(default=0.1)),
                ("pruning_patience", models.PositiveIntegerField(default=3)),
                ("pruning_percentile", models.FloatField(default=50.0)),
                ("pruning_upper", models.FloatField(blank=True, null=True)),
                ("pruning_warmup", models.PositiveIntegerField(default=0)),
                ("description", models.TextField(blank=True)),
                (
                    "warm_start_trials",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Trials of earlier searches that the oracle knows from the start.",
                        related_name="fed_to",
                        to="tuning.trial",
                    ),
                ),
                (
                    "warm_start_count",
                    models.PositiveIntegerField(
                        default=0, help_text="How many they were: they may be deleted."
                    ),
                ),
                (
                    "index_columns",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Which column of TrialIndex holds which hyperparameter or metric.",
                    ),
                ),
                (
                    "confirms",
                    models.ForeignKey(
                        blank=True,
                        help_text="The search whose top trials it runs again.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="confirmations",
                        to="tuning.search",
                    ),
                ),
                (
                    "constraints",
                    models.JSONField(
                        blank=True, default=list, help_text="Name, relation and limit of each."
                    ),
                ),
                (
                    "other_objectives",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Name and direction of each objective after the first.",
                    ),
                ),
                (
                    "asked_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When a script last waited for a configuration.",
                        null=True,
                    ),
                ),
                (
                    "priority",
                    models.SmallIntegerField(
                        choices=[(-1, "Low"), (0, "Normal"), (1, "High")], db_default=0, default=0
                    ),
                ),
                ("cross_validated", models.BooleanField(db_default=False, default=False)),
                (
                    "first_step",
                    models.PositiveSmallIntegerField(
                        db_default=1,
                        default=1,
                        help_text="Where a script begins to count what it reports.",
                    ),
                ),
                (
                    "pruner_arguments",
                    models.JSONField(
                        blank=True,
                        db_default=models.Value({}, models.JSONField()),
                        default=dict,
                        help_text="What Optuna's pruner is made with besides the settings above, by name.",
                    ),
                ),
                (
                    "sampler_arguments",
                    models.JSONField(
                        blank=True,
                        db_default=models.Value({}, models.JSONField()),
                        default=dict,
                        help_text="What Optuna's sampler is made with besides its seed, by name.",
                    ),
                ),
                (
                    "mean_reconstruction",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        help_text="Of autoencoders: the errors of the training mean on the validation rows.",
                    ),
                ),
                (
                    "gpu",
                    models.CharField(
                        blank=True,
                        choices=tuning.protocol.gpu_needs.gpu_choices,
                        db_default="",
                        default="",
                        max_length=8,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "searches",
                "ordering": ["-created_at"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project", "number"), name="one_number_per_search"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Importances",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "query",
                    models.TextField(
                        blank=True, help_text="The filters, as they stand in the address."
                    ),
                ),
                ("key", models.CharField(help_text="SHA-256 of the query.", max_length=64)),
                ("for_revision", models.PositiveBigIntegerField(default=0)),
                (
                    "taken_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="A worker computes it; lost with it after that.",
                        null=True,
                    ),
                ),
                ("asked_at", models.DateTimeField(auto_now=True)),
                ("result", models.JSONField(blank=True, default=dict)),
                ("message", models.TextField(blank=True, help_text="Why there is no result.")),
                (
                    "search",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="importances",
                        to="tuning.search",
                    ),
                ),
                ("requested_revision", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("search", "key"), name="one_importances_per_query"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("owner", "Owner"), ("editor", "Editor"), ("viewer", "Viewer")],
                        default="editor",
                        max_length=10,
                    ),
                ),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "accepted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        help_text="Opened once the person has joined.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tuning.project",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to="tuning.team",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="AccessToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        max_length=80, validators=[tuning.models.validators.validate_name]
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="access_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("read", "Read only"),
                            ("write", "Read and change"),
                            ("manage", "Read, change and manage teams"),
                        ],
                        default="read",
                        max_length=10,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        help_text="The only one that it is for; all of the user's teams without one.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="access_tokens",
                        to="tuning.team",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="TrialIndex",
            fields=[
                (
                    "trial",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="index_row",
                        serialize=False,
                        to="tuning.trial",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("status", models.CharField(blank=True, max_length=10)),
                ("failure", models.CharField(blank=True, max_length=30)),
                ("score", models.FloatField(null=True)),
                ("epochs", models.PositiveIntegerField(null=True)),
                ("seconds", models.FloatField(null=True)),
                ("parameters", models.BigIntegerField(null=True)),
                ("memory", models.BigIntegerField(null=True)),
                ("worker", models.CharField(blank=True, max_length=200)),
                ("n0", models.FloatField(null=True)),
                ("n1", models.FloatField(null=True)),
                ("n2", models.FloatField(null=True)),
                ("n3", models.FloatField(null=True)),
                ("n4", models.FloatField(null=True)),
                ("n5", models.FloatField(null=True)),
                ("n6", models.FloatField(null=True)),
                ("n7", models.FloatField(null=True)),
                ("n8", models.FloatField(null=True)),
                ("n9", models.FloatField(null=True)),
                ("n10", models.FloatField(null=True)),
                ("n11", models.FloatField(null=True)),
                ("n12", models.FloatField(null=True)),
                ("n13", models.FloatField(null=True)),
                ("n14", models.FloatField(null=True)),
                ("n15", models.FloatField(null=True)),
                ("n16", models.FloatField(null=True)),
                ("n17", models.FloatField(null=True)),
                ("n18", models.FloatField(null=True)),
                ("n19", models.FloatField(null=True)),
                ("n20", models.FloatField(null=True)),
                ("n21", models.FloatField(null=True)),
                ("n22", models.FloatField(null=True)),
                ("n23", models.FloatField(null=True)),
                ("n24", models.FloatField(null=True)),
                ("n25", models.FloatField(null=True)),
                ("n26", models.FloatField(null=True)),
                ("n27", models.FloatField(null=True)),
                ("n28", models.FloatField(null=True)),
                ("n29", models.FloatField(null=True)),
                ("n30", models.FloatField(null=True)),
                ("n31", models.FloatField(null=True)),
                ("n32", models.FloatField(null=True)),
                ("n33", models.FloatField(null=True)),
                ("n34", models.FloatField(null=True)),
                ("n35", models.FloatField(null=True)),
                ("n36", models.FloatField(null=True)),
                ("n37", models.FloatField(null=True)),
                ("n38", models.FloatField(null=True)),
                ("n39", models.FloatField(null=True)),
                ("n40", models.FloatField(null=True)),
                ("n41", models.FloatField(null=True)),
                ("n42", models.FloatField(null=True)),
                ("n43", models.FloatField(null=True)),
                ("n44", models.FloatField(null=True)),
                ("n45", models.FloatField(null=True)),
                ("n46", models.FloatField(null=True)),
                ("n47", models.FloatField(null=True)),
                ("t0", models.CharField(max_length=200, null=True)),
                ("t1", models.CharField(max_length=200, null=True)),
                ("t2", models.CharField(max_length=200, null=True)),
                ("t3", models.CharField(max_length=200, null=True)),
                ("t4", models.CharField(max_length=200, null=True)),
                ("t5", models.CharField(max_length=200, null=True)),
                ("t6", models.CharField(max_length=200, null=True)),
                ("t7", models.CharField(max_length=200, null=True)),
                ("t8", models.CharField(max_length=200, null=True)),
                ("t9", models.CharField(max_length=200, null=True)),
                ("t10", models.CharField(max_length=200, null=True)),
                ("t11", models.CharField(max_length=200, null=True)),
                ("t12", models.CharField(max_length=200, null=True)),
                ("t13", models.CharField(max_length=200, null=True)),
                ("t14", models.CharField(max_length=200, null=True)),
                ("t15", models.CharField(max_length=200, null=True)),
                (
                    "search",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="index_rows",
                        to="tuning.search",
                    ),
                ),
                ("not_finite", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["search", "number"], name="tuning_tria_search__ddad5d_idx"
                    ),
                    models.Index(
                        fields=["search", "number", "status", "score", "seconds"],
                        name="cells_of_search",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "name",
                    models.CharField(
                        max_length=40, validators=[tuning.models.validators.validate_name]
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="tuning.project",
                    ),
                ),
                (
                    "search",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="tuning.search",
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="tuning.trial",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "indexes": [
                    models.Index(fields=["project", "created_at"], name="tags_of_a_project"),
                    models.Index(fields=["project", "name"], name="words_of_a_project"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("trial__isnull", False), ("search__isnull", True)),
                            models.Q(("trial__isnull", True), ("search__isnull", False)),
                            _connector="OR",
                        ),
                        name="tag_of_a_trial_or_a_search",
                    ),
                    models.UniqueConstraint(
                        models.F("trial"),
                        django.db.models.functions.text.Lower("name"),
                        name="one_tag_per_trial",
                    ),
                    models.UniqueConstraint(
                        models.F("search"),
                        django.db.models.functions.text.Lower("name"),
                        name="one_tag_per_search",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Star",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="tuning.project",
                    ),
                ),
                (
                    "search",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="tuning.search",
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="tuning.trial",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stars",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["project", "created_at"], name="stars_of_a_project")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("trial__isnull", False), ("search__isnull", True)),
                            models.Q(("trial__isnull", True), ("search__isnull", False)),
                            _connector="OR",
                        ),
                        name="star_of_a_trial_or_a_search",
                    ),
                    models.UniqueConstraint(fields=("user", "trial"), name="one_star_per_trial"),
                    models.UniqueConstraint(fields=("user", "search"), name="one_star_per_search"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("url", models.URLField(max_length=500)),
                (
                    "format",
                    models.CharField(
                        choices=[("json", "Tuneroom’s JSON"), ("slack", "Slack-compatible")],
                        default="json",
                        max_length=10,
                    ),
                ),
                ("kinds", models.JSONField(default=list, help_text="Of which events it is told.")),
                (
                    "secret",
                    models.CharField(default=tuning.models.webhooks.new_secret, max_length=80),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "failing_since",
                    models.DateTimeField(
                        blank=True, help_text="The first failure since the last success.", null=True
                    ),
                ),
                ("disabled_at", models.DateTimeField(blank=True, null=True)),
                ("disabled_reason", models.CharField(blank=True, max_length=300)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        help_text="None: all projects of the team.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhooks",
                        to="tuning.project",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhooks",
                        to="tuning.team",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="SearchImport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=tuning.protocol.statuses.status_choices,
                        default=tuning.protocol.statuses.Status["QUEUED"],
                        max_length=10,
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("lease_expires_at", models.DateTimeField(blank=True, null=True)),
                ("slot", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("progress_text", models.CharField(blank=True, max_length=200)),
                ("failure_code", models.CharField(blank=True, max_length=30)),
                ("failure_message", models.TextField(blank=True)),
                ("failure_traceback", models.TextField(blank=True)),
                ("log_tail", models.TextField(blank=True)),
                ("key", models.SlugField(max_length=40, unique=True)),
                (
                    "name",
                    models.CharField(
                        help_text="Of the uploaded file.",
                        max_length=150,
                        validators=[tuning.models.validators.validate_name],
                    ),
                ),
                ("objective", models.CharField(blank=True, max_length=80)),
                (
                    "direction",
                    models.CharField(
                        blank=True, choices=[("max", "maximise"), ("min", "minimise")], max_length=3
                    ),
                ),
                (
                    "metrics",
                    models.JSONField(blank=True, default=list, help_text="Among which to choose."),
                ),
                ("awaits_choice", models.BooleanField(default=False)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="imports",
                        to="tuning.project",
                    ),
                ),
                (
                    "search",
                    models.OneToOneField(
                        blank=True,
                        help_text="Being filled until the import is completed.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="imported_by",
                        to="tuning.search",
                    ),
                ),
                (
                    "worker",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tuning.worker",
                    ),
                ),
                (
                    "lost_attempts",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How many attempts ended because the worker was lost."
                    ),
                ),
                (
                    "studies",
                    models.JSONField(
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="Name and number of trials of each study in the file, among which to choose.",
                    ),
                ),
                (
                    "study",
                    models.PositiveIntegerField(
                        db_default=0, default=0, help_text="The place of the chosen study, from 1."
                    ),
                ),
                (
                    "value_name",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="What the value of an Optuna study is called that has no name for it.",
                        max_length=80,
                    ),
                ),
                (
                    "upload_sha256",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Of the uploaded file, where it was counted.",
                        max_length=64,
                    ),
                ),
                (
                    "upload_size",
                    models.PositiveBigIntegerField(blank=True, help_text="In bytes.", null=True),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Prediction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=tuning.protocol.statuses.status_choices,
                        default=tuning.protocol.statuses.Status["QUEUED"],
                        max_length=10,
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("lease_expires_at", models.DateTimeField(blank=True, null=True)),
                ("slot", models.PositiveSmallIntegerField(blank=True, null=True)),
                (
                    "lost_attempts",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How many attempts ended because the worker was lost."
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("progress_text", models.CharField(blank=True, max_length=200)),
                ("failure_code", models.CharField(blank=True, max_length=30)),
                ("failure_message", models.TextField(blank=True)),
                ("failure_traceback", models.TextField(blank=True)),
                ("log_tail", models.TextField(blank=True)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("form", "form"),
                            ("table", "table"),
                            ("picture", "picture"),
                            ("array", "array"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "rows",
                    models.JSONField(blank=True, default=list, help_text="Those of the form."),
                ),
                ("key", models.SlugField(help_text="Of an uploaded file.", unique=True)),
                (
                    "name",
                    models.CharField(blank=True, help_text="Of an uploaded file.", max_length=150),
                ),
                ("answer", models.JSONField(blank=True, default=dict)),
                (
                    "file",
                    models.CharField(
                        blank=True,
                        help_text="Rows with predictions, below PREDICTIONS_ROOT.",
                        max_length=200,
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "saved_model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="predictions",
                        to="tuning.savedmodel",
                    ),
                ),
                (
                    "worker",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tuning.worker",
                    ),
                ),
                ("sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                (
                    "upload_sha256",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Of the uploaded file, where it was counted.",
                        max_length=64,
                    ),
                ),
                (
                    "size",
                    models.PositiveBigIntegerField(blank=True, help_text="In bytes.", null=True),
                ),
                (
                    "upload_size",
                    models.PositiveBigIntegerField(blank=True, help_text="In bytes.", null=True),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="ModelEvaluation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "report",
                    models.JSONField(
                        default=dict, help_text="tuning.protocol.evaluation.Evaluation."
                    ),
                ),
                (
                    "file",
                    models.CharField(
                        blank=True,
                        help_text="The predictions, below SAVED_MODELS_ROOT.",
                        max_length=200,
                    ),
                ),
                (
                    "saved_model",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evaluation",
                        to="tuning.savedmodel",
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("failure_code", models.CharField(blank=True, max_length=30)),
                ("failure_message", models.TextField(blank=True)),
                ("failure_traceback", models.TextField(blank=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("lease_expires_at", models.DateTimeField(blank=True, null=True)),
                ("log_tail", models.TextField(blank=True)),
                (
                    "lost_attempts",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How many attempts ended because the worker was lost."
                    ),
                ),
                ("progress_text", models.CharField(blank=True, max_length=200)),
                ("slot", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                (
                    "status",
                    models.CharField(
                        choices=tuning.protocol.statuses.status_choices,
                        default=tuning.protocol.statuses.Status["COMPLETED"],
                        max_length=10,
                    ),
                ),
                (
                    "worker",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tuning.worker",
                    ),
                ),
                ("sha256", models.CharField(blank=True, db_default="", default="", max_length=64)),
                (
                    "size",
                    models.PositiveBigIntegerField(blank=True, help_text="In bytes.", null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Inspection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=tuning.protocol.statuses.status_choices,
                        default=tuning.protocol.statuses.Status["QUEUED"],
                        max_length=10,
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("lease_expires_at", models.DateTimeField(blank=True, null=True)),
                ("slot", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("progress_text", models.CharField(blank=True, max_length=200)),
                ("failure_code", models.CharField(blank=True, max_length=30)),
                ("failure_message", models.TextField(blank=True)),
                ("failure_traceback", models.TextField(blank=True)),
                ("log_tail", models.TextField(blank=True)),
                ("space", models.JSONField(blank=True, default=dict)),
                ("metrics", models.JSONField(blank=True, default=list)),
                ("parameters", models.BigIntegerField(blank=True, null=True)),
                ("summary", models.TextField(blank=True)),
                (
                    "samples",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Sizes of models of random values, built untrained.",
                    ),
                ),
                (
                    "note",
                    models.TextField(
                        blank=True, help_text="How the code was read, if not as it stands."
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="inspections",
                        to="tuning.dataset",
                    ),
                ),
                (
                    "hypermodel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="inspections",
                        to="tuning.hypermodel",
                    ),
                ),
                (
                    "worker",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tuning.worker",
                    ),
                ),
                ("direction", models.CharField(blank=True, max_length=3)),
                (
                    "model_kind",
                    models.CharField(
                        choices=[
                            ("keras", "keras"),
                            ("sklearn", "sklearn"),
                            ("custom", "custom"),
                            ("optuna", "optuna"),
                        ],
                        default=tuning.protocol.model_kinds.ModelKind["KERAS"],
                        max_length=10,
                    ),
                ),
                (
                    "objective",
                    models.TextField(
                        blank=True,
                        help_text="The metric by which the code's own search compares, if it says.",
                    ),
                ),
                (
                    "directions",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Which way metrics improve, as their classes say.",
                    ),
                ),
                (
                    "script",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="What the code's script gives to its tuner and its search: see ScriptSettings.",
                    ),
                ),
                (
                    "lost_attempts",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How many attempts ended because the worker was lost."
                    ),
                ),
                (
                    "requested",
                    models.BooleanField(
                        default=False,
                        help_text="Somebody asked for it and waits on the template's page.",
                    ),
                ),
                (
                    "task",
                    models.CharField(
                        blank=True,
                        choices=tuning.protocol.tasks.task_choices,
                        db_default="",
                        default="",
                        help_text="What is predicted; empty: what the dataset has.",
                        max_length=20,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("dataset", "hypermodel", "task"), name="one_inspection_per_task"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DryRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=tuning.protocol.statuses.status_choices,
                        default=tuning.protocol.statuses.Status["QUEUED"],
                        max_length=10,
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("lease_expires_at", models.DateTimeField(blank=True, null=True)),
                ("slot", models.PositiveSmallIntegerField(blank=True, null=True)),
                (
                    "lost_attempts",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How many attempts ended because the worker was lost."
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("progress_text", models.CharField(blank=True, max_length=200)),
                ("failure_code", models.CharField(blank=True, max_length=30)),
                ("failure_message", models.TextField(blank=True)),
                ("failure_traceback", models.TextField(blank=True)),
                ("log_tail", models.TextField(blank=True)),
                ("space", models.JSONField(default=dict)),
                ("batch_size", models.PositiveIntegerField(default=32)),
                ("folds", models.PositiveSmallIntegerField(default=5)),
                (
                    "planned",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Of the form's search: trials, their epochs (or fits) together, trials at once.",
                    ),
                ),
                (
                    "tried",
                    models.JSONField(
                        blank=True, default=list, help_text="ModelTried of each, in order."
                    ),
                ),
                (
                    "rows",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="How many rows an estimator was fitted on, if not on all of a fold.",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "inspection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="dry_runs",
                        to="tuning.inspection",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        help_text="Whose split counts, if it was asked for in the form of a new search.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="dry_runs",
                        to="tuning.project",
                    ),
                ),
                (
                    "worker",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tuning.worker",
                    ),
                ),
                (
                    "gpu",
                    models.CharField(
                        blank=True,
                        choices=tuning.protocol.gpu_needs.gpu_choices,
                        db_default="",
                        default="",
                        max_length=8,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("text", models.TextField(help_text="Markdown, as it was written.")),
                ("edited_at", models.DateTimeField(blank=True, null=True)),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="comments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="tuning.project",
                    ),
                ),
                (
                    "search",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="tuning.search",
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="tuning.trial",
                    ),
                ),
            ],
            options={
                "ordering": ["created_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Mention",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                (
                    "comment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mentions",
                        to="tuning.comment",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mentions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("comment", "user"), name="one_mention_per_comment"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TeamEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(choices=tuning.event_kinds.kind_choices, max_length=30)),
                (
                    "facts",
                    models.JSONField(
                        default=dict, help_text="As they were then: tuning.event_kinds."
                    ),
                ),
                (
                    "path",
                    models.CharField(help_text="The address of the page about it.", max_length=200),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                (
                    "comment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="tuning.comment",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="tuning.project",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="tuning.team",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("on_site", models.BooleanField(default=True)),
                ("by_mail", models.BooleanField(default=False)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                (
                    "mailed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When a mail with it was left for a worker, or needless.",
                        null=True,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to="tuning.teamevent",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("on_site", True), ("read_at", None)),
                        fields=["user"],
                        name="unread_of_a_person",
                    ),
                    models.Index(
                        condition=models.Q(("by_mail", True), ("mailed_at", None)),
                        fields=["user"],
                        name="to_be_mailed",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("event", "user"), name="one_notification_per_event"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("delivered", "Delivered"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "next_try_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("last_try_at", models.DateTimeField(blank=True, null=True)),
                ("response_status", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("error", models.CharField(blank=True, max_length=300)),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="tuning.teamevent",
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="tuning.webhook",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "waiting")),
                        fields=["next_try_at"],
                        name="deliveries_to_try",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="trial",
            name="search",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="trials",
                to="tuning.search",
            ),
        ),
        migrations.AddIndex(
            model_name="trial",
            index=models.Index(
                fields=["search", "status", "score"], name="tuning_tria_search__e56558_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="trial",
            index=models.Index(
                condition=models.Q(("is_baseline", True)),
                fields=["search"],
                name="baseline_of_search",
            ),
        ),
        migrations.AddIndex(
            model_name="trial",
            index=models.Index(fields=["search", "end_order"], name="ends_of_search"),
        ),
        migrations.AddIndex(
            model_name="trial",
            index=models.Index(
                condition=models.Q(("status", tuning.protocol.statuses.Status["RUNNING"])),
                fields=["worker"],
                name="running_trials",
            ),
        ),
        migrations.AddConstraint(
            model_name="trial",
            constraint=models.UniqueConstraint(
                fields=("search", "number"), name="one_number_per_trial"
            ),
        ),
        migrations.AddField(
            model_name="team",
            name="members",
            field=models.ManyToManyField(
                related_name="teams", through="tuning.Membership", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="comment",
            name="mentioned",
            field=models.ManyToManyField(
                related_name="mentioned_in", through="tuning.Mention", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(fields=["project", "created_at"], name="comments_of_a_project"),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("trial__isnull", False), ("search__isnull", True)),
                    models.Q(("trial__isnull", True), ("search__isnull", False)),
                    _connector="OR",
                ),
                name="comment_on_a_trial_or_a_search",
            ),
        ),
    ]
