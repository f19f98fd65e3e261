from webapp.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.offline_tuneroom"]  # noqa: F405
