"""The Celery app. The site sends tasks by name and never imports them."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

app = Celery("tuneroom")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
