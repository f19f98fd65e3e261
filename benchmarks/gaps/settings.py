"""The settings of a Tuneroom that notes how long its runners wait."""

from webapp.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.gaps"]  # noqa: F405
