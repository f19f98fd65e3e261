"""`manage.py bootstrap`: everything between an empty data folder and the first start.

Says what it does; on a folder that is complete it does nothing, fast.
"""

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.contrib.staticfiles import finders
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from tuning.actions.worker_roles import grant_rights
from tuning.management.commands.up import JOINED
from tuning.management.prepared import is_unprepared
from tuning.management.privacy import close_data_folder
from tuning.management.processes import folder_lock
from tuning.models import TrialIndex

# plotly brings example data, themes and a widget for notebooks; no page uses them. Patterns are
# matched within each folder of static files.
NOT_SERVED = ["datasets/*", "templates/*", "widgetbundle.js"]
# Without letters and digits that look alike.
PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105
WAIT_SECONDS = 600


class Command(BaseCommand):
    help = "Prepare the database, the data folder and the first account; safe to repeat."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        if settings.JOINED_AS:
            raise CommandError(JOINED.format(settings.JOINED_SITE))
        close_data_folder()
        # Two that start together: the second one waits and then finds everything done.
        with folder_lock(Path(settings.DATA_ROOT) / "bootstrap.lock", wait_seconds=WAIT_SECONDS):
            self._migrate()
            grant_rights()
            TrialIndex.objects.fill_missing()
            self._collect_static()
            self._load_builtins()
            self._create_account()
            self._prepare_datasets()

    def _migrate(self) -> None:
        if is_unprepared():
            self.stdout.write("Preparing the database ...")
            call_command("migrate", interactive=False, verbosity=0)

    def _collect_static(self) -> None:
        """Copy scripts and styles to where the site serves them from, if any of them changed."""
        marker = Path(settings.STATIC_ROOT) / ".collected"
        fingerprint = static_fingerprint()
        if marker.exists() and marker.read_text() == fingerprint:
            return
        self.stdout.write("Compressing scripts and styles ...")
        call_command(
            "collectstatic",
            interactive=False,
            verbosity=0,
            ignore_patterns=NOT_SERVED,
        )
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text(fingerprint)

    def _load_builtins(self) -> None:
        from tuning.actions.builtins import load_builtins

        load_builtins()

    def _create_account(self) -> None:
        """The first account, with a team and a sample project."""
        from tuning.actions.audit import Actor, acting, record
        from tuning.models.audit import Via

        users = get_user_model().objects
        if users.exists():
            return
        name = os.environ.get("TUNEROOM_ADMIN_USER") or "admin"
        given = os.environ.get("TUNEROOM_ADMIN_PASSWORD", "")
        if given:
            try:
                validate_password(given)
            except ValidationError as error:
                raise CommandError(
                    f"TUNEROOM_ADMIN_PASSWORD can't be used. {' '.join(error.messages)}"
                ) from None
        password = given or random_password()
        with acting(lambda: Actor(via=Via.COMMAND)), transaction.atomic():
            user = users.create_superuser(name, password=password)
            record("account.create", user)
            self._create_sample(user)
        self.stdout.write(f"Created the account {name} and a sample project.")
        if not given:
            # At once: were it lost with a later step, nobody could sign in.
            self._show_account(name, password)

    def _create_sample(self, user: Any) -> None:
        from tuning.actions.projects import create_project
        from tuning.actions.teams import create_team
        from tuning.models import Dataset, HyperModel, Project

        team = create_team(user, "My team")
        create_project(
            user,
            Project(
                team=team,
                name="Handwritten digits",
                description="A sample: a small convolutional network learns to read digits.",
                dataset=Dataset.objects.get(key="digits"),
                hypermodel=HyperModel.objects.current().get(key="cnn", team=None),
            ),
        )

    def _prepare_datasets(self) -> None:
        from tuning.models import Dataset

        missing = Dataset.objects.filter(source=Dataset.Source.BUNDLED, folder="").count()
        if missing:
            # Not where the site alone is installed: there it needs what only workers have.
            from tuning.supervisor.preparation import prepare_bundled

            self.stdout.write(f"Preparing {missing} bundled datasets ...")
            try:
                prepare_bundled()
            except RuntimeError as error:
                raise CommandError(str(error)) from None

    def _show_account(self, name: str, password: str) -> None:
        if not self.stdout.isatty():
            # A journal keeps what is written there, for more people than should read it.
            path = first_password_file()
            write_secret(path, f"{name}\n{password}\n")
            self.stdout.write(f"Its password is in {path}. Delete the file when you have read it.")
            return
        lines = [
            "The first account. The password is shown only now:",
            "",
            f"name      {name}",
            f"password  {password}",
        ]
        width = max(map(len, lines))
        self.stdout.write(f"\n  ┌─{'─' * width}─┐")
        for line in lines:
            self.stdout.write(f"  │ {line:<{width}} │")
        self.stdout.write(f"  └─{'─' * width}─┘\n")


def first_password_file() -> Path:
    return Path(settings.DATA_ROOT) / "first_password.txt"


def write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    # Never there with other rights, not even for a moment.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def random_password() -> str:
    """About 79 bits, in groups that can be read out and typed."""
    letters = [secrets.choice(PASSWORD_LETTERS) for _ in range(16)]
    return "-".join("".join(letters[start : start + 4]) for start in range(0, 16, 4))


def static_fingerprint() -> str:
    """Changes with every file that collectstatic would take, and with how it would store them."""
    files: list[Any] = [settings.STORAGES["staticfiles"]["BACKEND"]]
    for finder in finders.get_finders():
        for path, storage in finder.list(NOT_SERVED):  # type: ignore[no-untyped-call]
            status = Path(storage.path(path)).stat()
            files.append(
                (getattr(storage, "prefix", "") or "", path, status.st_size, status.st_mtime_ns)
            )
    return hashlib.sha256(json.dumps(sorted(files[1:]) + files[:1]).encode()).hexdigest()
