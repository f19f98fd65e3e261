"""Time that passes only when it is told to, for Python and for SQLite."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any


class Clock:
    """`pass_time` moves all clocks, `set_wall` the one on the wall only, as an administrator or a
    time server does. `passing` is called after each step."""

    def __init__(self) -> None:
        self.wall = time.time()
        # Seconds that the database's clock is ahead of it.
        self.ahead = 0.0
        self.steady = time.monotonic()
        self.passing: Callable[[], None] = lambda: None

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds
        self.passing()

    def set_wall(self, seconds: float) -> None:
        self.wall += seconds

    def set_database(self, seconds: float) -> None:
        """Its machine's clock alone."""
        self.ahead += seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall, UTC)

    @property
    def database_now(self) -> datetime:
        return self.now() + timedelta(seconds=self.ahead)

    def install(self) -> None:
        """In this process, for good."""
        from django.db import connections
        from django.db.backends.signals import connection_created
        from django.utils import timezone

        time.time = lambda: self.wall
        time.monotonic = lambda: self.steady
        timezone.now = self.now
        connection_created.connect(self._into_database, weak=False)
        connections.close_all()

    def _into_database(self, connection: Any, **_: Any) -> None:
        """SQLite's own functions for the time, as Django's `Now()` calls them."""

        def strftime(template: str, moment: str, *others: str) -> str | None:
            if moment.lower() != "now" or others:
                raise ValueError(f"no time of this kind: {moment} {others}")
            millis = f"{self.database_now:%S.%f}"[:6]
            return self.database_now.strftime(template.replace("%f", millis))

        create = connection.connection.create_function
        create("strftime", -1, strftime)
        create("current_timestamp", 0, lambda: f"{self.database_now:%Y-%m-%d %H:%M:%S}")
