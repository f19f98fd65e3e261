from webapp.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.warm_tuneroom"]  # noqa: F405
