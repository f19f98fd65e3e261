"""`manage.py worker`: the worker of a machine that joins a site, with nothing but a token."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tuning.management.joining import NotJoined, join


class Command(BaseCommand):
    help = "Join a site, the first time only, and run a worker for it."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--join", metavar="SITE", help="The site's address.")
        parser.add_argument("--token", help="From the site: Workers, Add a machine. Works once.")
        parser.add_argument(
            "--allow-http",
            action="store_true",
            help="Join without encryption, in a network that you trust.",
        )
        parser.epilog = "TUNEROOM_DATA is the machine's own data folder: docs/deployment.md."

    def handle(
        self, *, join: str | None, token: str | None, allow_http: bool, **options: Any
    ) -> None:
        if settings.JOINED_AS:
            self._check_site(join)
        else:
            self._join(join, token, allow_http)
        # Again, with the settings that the site handed over.
        manage = str(settings.BASE_DIR / "manage.py")
        self.stdout.flush()
        os.execv(sys.executable, [sys.executable, manage, "up", "--only", "worker"])  # noqa: S606

    def _check_site(self, site: str | None) -> None:
        if site and site.rstrip("/") != settings.JOINED_SITE.rstrip("/"):
            raise CommandError(
                f"This machine has joined {settings.JOINED_SITE}. For another site, use another "
                "folder: TUNEROOM_DATA=/another/folder"
            )

    def _join(self, site: str | None, token: str | None, allow_http: bool) -> None:
        if not site or not token:
            raise CommandError(
                "This machine has not joined a site. On the site, choose Workers, Add a machine, "
                "and run the command that it shows."
            )
        try:
            name = join(site, token, allow_http)
        except NotJoined as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Joined {site} as {name}.")
