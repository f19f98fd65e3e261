"""The settings of a Tuneroom whose runners train nothing."""

from webapp.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.chaos"]  # noqa: F405
