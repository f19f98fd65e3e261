"""The Celery app. The site sends tasks by name and never imports them."""

import os

from celery import Celery

from webapp import folder_broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

folder_broker.install()
app = Celery("tuneroom")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
