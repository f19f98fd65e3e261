"""The door for web servers: `gunicorn webapp.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from .deep_calls import with_room

# As in manage.py, for a web server that is started by itself.
os.umask(0o077)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

application = with_room(get_wsgi_application())
