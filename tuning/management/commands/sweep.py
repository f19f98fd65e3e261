"""`manage.py sweep`: remove files that no row refers to from this machine, as workers do."""

from typing import Any

from django.core.management.base import BaseCommand

from tuning.storage import cache
from tuning.storage.configured import store
from tuning.supervisor import checkpoints, files


class Command(BaseCommand):
    help = (
        "Remove files from this machine that no row refers to. Workers do so on theirs every ten "
        "minutes; a machine that only serves the site needs it once in a while."
    )

    def handle(self, **options: Any) -> None:
        files.sweep()
        checkpoints.sweep()
        if store():
            cache.trim()
