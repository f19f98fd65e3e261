"""The site's settings. Everything that a person may want to change comes from the environment;
docs/settings.md lists it."""

import os
import secrets
import sys
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from tuning.protocol.secure_addresses import is_secure
from tuning.protocol.weights import PUBLISHED
from webapp import joined

# numpy reads it when it is imported. Site and worker compute with small matrices (a Bayesian search
# thousands of times for each trial): threads would mostly wait for each other, and slow down what
# trains. Runners have settings of their own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

BASE_DIR = Path(__file__).resolve().parent.parent


def env_bool(name: str, default: bool) -> bool:
    value = os.environ.get(name, "")
    if value == "":
        return default
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; it must be 1 or 0.")


def env_int(name: str, default: int, least: int) -> int:
    value = os.environ.get(name, "")
    if value == "":
        return default
    if not value.isdigit() or int(value) < least:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be a number from {least} up.")
    return int(value)


def env_list(name: str) -> list[str]:
    return [item.strip() for item in os.environ.get(name, "").split(",") if item.strip()]


def env_networks(name: str) -> list[IPv4Network | IPv6Network]:
    try:
        return [ip_network(item, strict=False) for item in env_list(name)]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} is {os.environ[name]!r}; it must be IP addresses or networks: {error}."
        ) from None


def site_url() -> str:
    """The address of the site in mails and webhooks, which no request tells."""
    given = os.environ.get("SITE_URL", "").rstrip("/")
    if given:
        if not given.startswith(("http://", "https://")):
            raise ImproperlyConfigured(f"SITE_URL is {given!r}; it must begin with https://.")
        return given
    host = next((name for name in ALLOWED_HOSTS if name[:1] not in "*."), "localhost")
    return f"https://{host}" if HTTPS else f"http://{host}:{os.environ.get('PORT', '8000')}"


def checked_tls(url: str) -> str:
    """An address of Redis. Without the option, Celery would accept any certificate."""
    if not url.startswith("rediss://") or "ssl_cert_reqs=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}ssl_cert_reqs=required"


def oidc_issuer() -> str:
    """Where people sign in with OpenID Connect; empty if they do not. Its keys must come from where
    they say they do: over HTTPS, or from this machine."""
    issuer = os.environ.get("OIDC_ISSUER", "")
    if issuer and not is_secure(issuer):
        raise ImproperlyConfigured(
            f"OIDC_ISSUER is {issuer!r}; it must begin with https://, as the provider writes it."
        )
    for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"):
        if issuer and not os.environ.get(name):
            raise ImproperlyConfigured(f"OIDC_ISSUER is set, but {name} is not.")
    return issuer


def secret_key(path: Path) -> str:
    """The key in the data folder, made at the first start."""
    if "SECRET_KEY" in os.environ:
        return os.environ["SECRET_KEY"]
    try:
        # O_EXCL: two processes that start together must not use two keys.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(50))
    return path.read_text()


DEBUG = env_bool("DEBUG", False)
TESTING = "pytest" in sys.modules

# --- Files -----------------------------------------------------------------------------------

DATA_ROOT = Path(os.environ.get("TUNEROOM_DATA") or BASE_DIR / "data").resolve()
DATASETS_ROOT = DATA_ROOT / "datasets"
SAVED_MODELS_ROOT = DATA_ROOT / "saved_models"
CHECKPOINTS_ROOT = DATA_ROOT / "checkpoints"
# Checkpoints of running trials, for the case that their worker is lost.
RESUME_ROOT = DATA_ROOT / "resume"
RUNNERS_ROOT = DATA_ROOT / "runners"
DOWNLOADS_ROOT = DATA_ROOT / "downloads"
UPLOADS_ROOT = DATA_ROOT / "uploads"
PREDICTIONS_ROOT = DATA_ROOT / "predictions"
BROKER_ROOT = DATA_ROOT / "broker"
LOCKS_ROOT = DATA_ROOT / "locks"
CACHED_ROOT = DATA_ROOT / "cached"
DATA_ROOT.mkdir(parents=True, exist_ok=True, mode=0o700)
_joined = joined.joined(DATA_ROOT)
joined.apply(_joined.get("settings", {}), DATA_ROOT)
# The name by which this machine joined a site, whose worker it runs; "" on other machines.
JOINED_AS: str = _joined.get("name", "")
JOINED_SITE: str = _joined.get("site", "")
for _folder in (
    DATASETS_ROOT, SAVED_MODELS_ROOT, CHECKPOINTS_ROOT, RUNNERS_ROOT, DOWNLOADS_ROOT, UPLOADS_ROOT,
    PREDICTIONS_ROOT, LOCKS_ROOT, CACHED_ROOT, RESUME_ROOT,
):  # fmt: skip
    _folder.mkdir(parents=True, exist_ok=True, mode=0o700)
BROKER_ROOT.mkdir(parents=True, exist_ok=True, mode=0o700)

# Where the files of all machines lie; without it all machines share the data folder.
STORAGE_URL = os.environ.get("STORAGE_URL", "")
# Copies of what lies there, on each machine.
STORAGE_CACHE_MB = env_int("STORAGE_CACHE_MB", 51200, least=0)
# Browsers download straight from there, with a signed address.
STORAGE_DIRECT = env_bool("STORAGE_DIRECT", False)

UPLOAD_MAX_MB = env_int("UPLOAD_MAX_MB", 2048, least=1)
# On the file system of its final place, so that a finished upload is renamed, not copied.
FILE_UPLOAD_TEMP_DIR = UPLOADS_ROOT

FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700

# Workers sign nothing. Machines that join have none, and Django refuses to use an empty one.
_joins = bool(JOINED_AS) or sys.argv[1:2] == ["worker"]
SECRET_KEY = "" if _joins else secret_key(DATA_ROOT / "secret_key")

# --- Site ------------------------------------------------------------------------------------

ALLOWED_HOSTS = env_list("ALLOWED_HOSTS")
# Nobody named a host: only this machine gets answers (`webapp/local_hosts.py`).
ONLY_LOCAL = not ALLOWED_HOSTS
ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
ROOT_URLCONF = "webapp.urls"
WSGI_APPLICATION = "webapp.wsgi.application"

INSTALLED_APPS = [
    "webapp.admin.RecordedAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "csp",
    "axes",
    "tuning",
]

MIDDLEWARE = [
    "webapp.request_times.RequestTimesMiddleware",
    "webapp.security_headers.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "webapp.local_hosts.LocalHostMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "webapp.head_requests.HeadRequestMiddleware",
    "webapp.compression.CompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    # Says whose a request of a script is, also to the next one.
    "tuning.views.scripts.AccessTokenMiddleware",
    # Before the check of a form's token, which reads the form.
    "tuning.views.uploads.UploadsMiddleware",
    "tuning.views.storage_errors.StorageErrorMiddleware",
    "tuning.views.coming_files.ComingFilesMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tuning.views.sessions.BrowserSessionMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "tuning.views.audit.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "tuning.views.sign_in_limits.KnownBrowserMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            # Every page has icons.
            "builtins": ["tuning.templatetags.icons"],
        },
    },
]

# How long the head of a request and a form may take to arrive. Larger bodies and answers get more
# time, as long as they move at this speed; few bodies are read at once, so that pages are answered
# meanwhile.
REQUEST_SECONDS = env_int("REQUEST_SECONDS", 20, least=1)
SLOWEST_KB = env_int("SLOWEST_KB", 10, least=1)
UPLOADS_AT_ONCE = env_int("UPLOADS_AT_ONCE", 4, least=1)
# Of people who are not signed in nothing larger is read.
FORM_MAX_KB = 256

# Of a form's text, without files. A million characters of Chinese are 3 MB, and three times as much
# in a form that takes no files.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 << 20
# A search form has six fields for each hyperparameter; templates may have hundreds of those.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

# Of one access token, in each process of the site.
API_REQUESTS_PER_MINUTE = env_int("API_REQUESTS_PER_MINUTE", 600, least=1)

# --- Database --------------------------------------------------------------------------------

# From a machine that is cut off, nothing is heard any more: by the system's defaults, it would wait
# for an answer for a quarter of an hour, and the server would keep its locks for two hours.
POSTGRES_TIMEOUTS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    # The server's side of the same connection.
    "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 "
    "-c tcp_user_timeout=20000",
}  # fmt: skip
DATABASE_URL = os.environ.get("DATABASE_URL", "")
if DATABASE_URL:
    DATABASES: dict[str, Any] = {
        "default": dj_database_url.parse(DATABASE_URL, conn_max_age=60, conn_health_checks=True)
    }
    if DATABASES["default"]["ENGINE"].endswith("postgresql"):
        DATABASES["default"]["OPTIONS"] = {
            **POSTGRES_TIMEOUTS, **DATABASES["default"].get("OPTIONS", {})
        }  # fmt: skip
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_ROOT / "db.sqlite3",
            "OPTIONS": {
                # Deferred transactions would fail as "database is locked" the moment two
                # workers write at once; immediate ones wait for each other.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    }

# As machines reach them that join, where that is not as the site does. Without user and password.
WORKER_DATABASE_URL = os.environ.get("WORKER_DATABASE_URL", "") or DATABASE_URL
WORKER_REDIS_URL = os.environ.get("WORKER_REDIS_URL", "") or os.environ.get("REDIS_URL", "")

# --- Cache -----------------------------------------------------------------------------------

# In each process's memory. Counts of attempts and the like must not be pushed out by pieces of
# pages.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "marks": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "marks",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}

# --- People ----------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "tuning.actions.single_sign_on.SingleSignOnBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# The first is used; passwords in the others' form still open, and are stored again at a sign-in.
PASSWORD_HASHERS = [
    "webapp.passwords.PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# Whether strangers may create accounts. Model templates are code that runs on the workers.
OPEN_REGISTRATION = env_bool("OPEN_REGISTRATION", False)
# Single sign-on by OpenID Connect (`tuning/views/single_sign_on.py`).
OIDC_ISSUER = oidc_issuer()
OIDC_CLIENT_ID = os.environ.get("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = os.environ.get("OIDC_CLIENT_SECRET", "")
# "Sign in with …", on the button.
OIDC_LABEL = os.environ.get("OIDC_LABEL", "") or "single sign-on"
# Whether people get an account who have none and were not invited.
OIDC_CREATE_ACCOUNTS = env_bool("OIDC_CREATE_ACCOUNTS", False)
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "project-list"
LOGOUT_REDIRECT_URL = "login"
# Wrong passwords of an account from one address; `tuning/views/sign_in_limits.py` has the rest.
AXES_FAILURE_LIMIT = 10
ACCOUNT_FAILURE_LIMIT = 30
ADDRESS_FAILURE_LIMIT = 50
AXES_COOLOFF_TIME = 0.25  # hours
# Attempts meanwhile do not prolong it.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_HANDLER = "tuning.views.sign_in_limits.SignInHandler"
AXES_CLIENT_IP_CALLABLE = "tuning.views.client_addresses.client_address"
AXES_LOCKOUT_CALLABLE = "tuning.views.sign_in_limits.locked_out"
AXES_VERBOSE = False
AXES_ENABLED = not TESTING

EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = env_int("EMAIL_PORT", 25, least=1)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", False)
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "tuneroom@localhost")
# Of each step of the conversation with the server.
EMAIL_TIMEOUT = env_int("EMAIL_TIMEOUT", 10, least=1)
# A worker sends it. Without a mail server the text of a mail goes to the site's log.
EMAIL_BACKEND = (
    "tuning.actions.mails.WorkerBackend"
    if EMAIL_HOST
    else "django.core.mail.backends.console.EmailBackend"
)

# --- Security --------------------------------------------------------------------------------

HTTPS = env_bool("HTTPS", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
# Scripts read the token of a form, not the cookie.
CSRF_COOKIE_HTTPONLY = True
# Browsers that came by HTTPS once use nothing else for so long. Not for other names of the domain:
# those are not ours.
SECURE_HSTS_SECONDS = env_int("HSTS_SECONDS", 30 * 24 * 3600, least=0) if HTTPS else 0
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains: see above
    "security.W008",  # the web server in front leads from HTTP to HTTPS
    "security.W021",  # browsers' built-in lists: a decision of the domain's owner
]
SITE_URL = site_url()
# Webhooks may go to these, too: private networks, which are refused otherwise.
WEBHOOK_NETWORKS = env_networks("WEBHOOK_NETWORKS")
# Their X-Forwarded-For is believed.
TRUSTED_PROXIES = env_networks("TRUSTED_PROXIES")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# Two Tunerooms on one host have different ports, and cookies know no ports.
SESSION_COOKIE_NAME = f"tuneroom_session_{os.environ.get('PORT', '8000')}"
CSRF_COOKIE_NAME = f"tuneroom_csrf_{os.environ.get('PORT', '8000')}"
KNOWN_BROWSER_COOKIE_NAME = f"tuneroom_known_{os.environ.get('PORT', '8000')}"
SINGLE_SIGN_ON_COOKIE_NAME = f"tuneroom_sign_on_{os.environ.get('PORT', '8000')}"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# Days after which entries of the audit log are deleted; 0: never.
AUDIT_LOG_DAYS = env_int("AUDIT_LOG_DAYS", 0, least=0)

# What Prometheus shows for /metrics. Without it there is no such page.
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")
# Where worker and scheduler touch a file each while they are at work.
ALIVE_FOLDER = os.environ.get("ALIVE_FOLDER", "")

# --- Static files ----------------------------------------------------------------------------


def _plotly_folder() -> str:
    """Where the installed plotly package keeps plotly.min.js. Found without importing plotly."""
    from importlib.util import find_spec

    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise ImproperlyConfigured("The package plotly is not installed.")
    return str(Path(spec.origin).parent / "package_data")


STATIC_URL = "static/"
STATIC_ROOT = DATA_ROOT / "static"
STATICFILES_DIRS = [BASE_DIR / "static", ("plotly", _plotly_folder())]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or TESTING
# Files are for the site's own pages.
WHITENOISE_ALLOW_ALL_ORIGINS = False

# --- Celery ----------------------------------------------------------------------------------

REDIS_URL = checked_tls(os.environ.get("REDIS_URL", ""))
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost//"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"socket_timeout": 5, "socket_connect_timeout": 5}
    if REDIS_URL
    else {
        "data_folder_in": str(BROKER_ROOT / "messages"),
        "data_folder_out": str(BROKER_ROOT / "messages"),
        "control_folder": str(BROKER_ROOT / "control"),
        # What a search waits for after a click. A worker without work needs 1.5 % of a processor.
        "polling_interval": 0.02,
    }
)
if not REDIS_URL:
    (BROKER_ROOT / "messages").mkdir(exist_ok=True, mode=0o700)
    (BROKER_ROOT / "control").mkdir(exist_ok=True, mode=0o700)
# The reasons for these are in docs/architecture.md, "Celery".
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = bool(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_ROOT / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    # Seldom: every worker does both by itself, and where none runs these messages pile up.
    "dispatch": {"task": "tuning.dispatch", "schedule": 15.0, "options": {"expires": 15}},
    "reap": {"task": "tuning.reap", "schedule": 30.0, "options": {"expires": 30}},
}

# --- Runners ---------------------------------------------------------------------------------

# 0: SLOTS_PER_GPU for each GPU, and CPU_SLOTS; without GPUs one for each core, beyond four if each
# has 8 GB.
SLOTS = env_int("SLOTS", 0, least=0)
SLOTS_PER_GPU = env_int("SLOTS_PER_GPU", 1, least=1)
# Slots without a GPU on a machine that has some.
CPU_SLOTS = env_int("CPU_SLOTS", 0, least=0)
# How long running work may go on after a worker was asked to stop; then it is given back.
DRAIN_SECONDS = env_int("DRAIN_SECONDS", 0, least=0)
# Processes that wait for the next work, past their imports. -1: as many as help and as a tenth of
# the memory holds.
SPARE_RUNNERS = env_int("SPARE_RUNNERS", -1, least=0)
# 0: nine tenths of the machine's memory, divided by the slots.
RUNNER_MEMORY_MB = env_int("RUNNER_MEMORY_MB", 0, least=0)
# Processes and threads of one runner. TensorFlow's pools grow with the processors; beyond that, a
# bomb of processes is ended the sooner the smaller it is.
RUNNER_PROCESSES = env_int("RUNNER_PROCESSES", max(500, 8 * (os.cpu_count() or 1)), least=10)
# Models whose training graphs a runner uses again for others like them; 0: none.
RUNNER_KEPT_MODELS = env_int("RUNNER_KEPT_MODELS", 4, least=0)
# A running trial keeps a checkpoint at most so often, from which it goes on if its worker is lost;
# 0: never.
CHECKPOINT_SECONDS = env_int("CHECKPOINT_SECONDS", 60, least=0)
# Networks that Keras's own `fit` trains on a CPU are trained with one graph call an epoch.
RUNNER_WHOLE_EPOCHS = env_bool("RUNNER_WHOLE_EPOCHS", True)
RUNNER_FILE_SIZE_MB = env_int("RUNNER_FILE_SIZE_MB", 4096, least=1)
# A trained model's file.
MODEL_MAX_MB = env_int("MODEL_MAX_MB", 2048, least=1)
# All files of one runner together.
RUNNER_DISK_MB = env_int("RUNNER_DISK_MB", 16384, least=1)
# Free space that is kept for the database: below it no work starts, and the greediest ends.
DISK_FLOOR_MB = env_int("DISK_FLOOR_MB", 1024, least=0)
# How far templates are shut in at most (0 to 4: docs/settings.md), and the least that a worker
# must reach on its machine to take work.
SANDBOX_LEVEL = env_int("SANDBOX_LEVEL", 4, least=0)
SANDBOX_MIN_LEVEL = env_int("SANDBOX_MIN_LEVEL", 0, least=0)
# A worker that is root runs each runner as a user of its own: this number plus its process id.
# They share the group of this number. 0: as root, without privileges.
RUNNER_USERS = env_int("RUNNER_USERS", 2_000_000_000, least=0)
# Web addresses (ports 80 and 443) for templates' own code.
RUNNER_NETWORK = env_bool("RUNNER_NETWORK", False)
# Weights below this address are fetched for templates, by a process without their code.
WEIGHTS_URL = os.environ.get("WEIGHTS_URL", PUBLISHED)

# --- Uploads ---------------------------------------------------------------------------------

# The largest model template that is accepted.
TEMPLATE_MAX_KB = env_int("TEMPLATE_MAX_KB", 200, least=1)

# --- Quotas ----------------------------------------------------------------------------------

# Of each team, unless an administrator gives it others. None: there is none.
TEAM_QUOTAS = {
    "max_storage": (env_int("TEAM_STORAGE_MB", 0, least=0) << 20) or None,
    "max_files": env_int("TEAM_FILES", 0, least=0) or None,
    "max_slots": env_int("TEAM_SLOTS", 0, least=0) or None,
    "max_trials": env_int("TEAM_TRIALS", 0, least=0) or None,
}

# --- Other -----------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "refused": {"()": "webapp.logs.RefusedRequestFilter"},
        "secrets": {"()": "webapp.logs.SecretLinkFilter"},
    },
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["refused", "secrets"],
        }
    },
    # With DEBUG Django would write each line once more, past the filters.
    # Authlib's debug lines have what a sign-in is proved with.
    "loggers": {
        "django": {"handlers": []},
        "botocore": {"level": "WARNING"},
        "authlib": {"level": "WARNING"},
    },
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
}
