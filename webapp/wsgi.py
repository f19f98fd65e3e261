"""The door for web servers: `gunicorn webapp.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

# As in manage.py, for a web server that is started by itself.
os.umask(0o077)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

application = get_wsgi_application()
