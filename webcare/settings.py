"""Every setting of Webcare; what differs between installations comes from the environment (.env.example)."""

from pathlib import Path
from urllib.parse import urlsplit

import environ
import structlog
from django.utils.csp import CSP

from webcare.mailers import mailers

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

# -- the installation -------------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# Fernet keys, newest first: the first encrypts, all decrypt (key rotation: `manage.py rotate_credentials`).
CREDENTIALS_KEYS = env.list("CREDENTIALS_KEY")
PUBLIC_URL = env("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
LIVE_URL = env("LIVE_URL", default="/live").rstrip("/")  # own origin in the demo, a path behind the proxy
# Always with our own address, and with the loopback that health checks and proxies call.
ALLOWED_HOSTS = [
    *env.list("ALLOWED_HOSTS", default=[]),
    *(host for host in (urlsplit(PUBLIC_URL).hostname,) if host),
    *("localhost", "127.0.0.1"),
]
SIMULATOR_URL = env("SIMULATOR_URL", default="").rstrip("/")
METRICS_TOKEN = env("METRICS_TOKEN", default="")
DEMO_UNDO_SECONDS = env.int("DEMO_UNDO_SECONDS", default=5)  # how long an answer can be taken back, as seeded
MUNICIPALITY = env("MUNICIPALITY", default="Gemeente Waterkant")
PRIMARY_COLOUR = env("PRIMARY_COLOUR", default="")
LOGO_URL = env("LOGO_URL", default="")

# -- applications -----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "inbox",
    "channels",
    "django.contrib.admin.apps.SimpleAdminConfig",  # our own site (inbox.admin), nothing found by itself
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "axes",
    "django_htmx",
    "drf_spectacular",
    "pgtrigger",
    "rest_framework",
]
AUTH_USER_MODEL = "inbox.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "inbox.sign_in.Colleagues"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "inbox"
LOGOUT_REDIRECT_URL = "login"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "webcare.compression.Compression",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "webcare.urls"
WSGI_APPLICATION = "webcare.wsgi.application"

TEMPLATES = [
    {
        # Only the conversation list's rows: ten times as fast there (docs/adr/0003).
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates" / "jinja"],
        "APP_DIRS": False,
        "OPTIONS": {"environment": "inbox.templatetags.jinja.environment"},
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "inbox.views.context.municipality",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "inbox.templatetags.constant"],
        },
    },
]

# -- stores -----------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL")}
DATABASES["default"]["CONN_MAX_AGE"] = 0
# A connection may be one that the database closed meanwhile (restart, failover): look before a page uses it.
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["ATOMIC_REQUESTS"] = False
DATABASES["default"].setdefault("OPTIONS", {})
# Many small questions at once: to start two more processes for one takes longer than to answer it.
DATABASES["default"]["OPTIONS"].setdefault("options", "-c max_parallel_workers_per_gather=0")
if env.bool("DATABASE_POOL", default=True):
    # Measured: a pool of 4 takes 3,050 webhooks a second where persistent connections take 2,400-2,700.
    # As many as the process has threads, so that none waits for another; what lies idle is given back.
    size = env.int("DATABASE_CONNECTIONS", default=3)
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": size, "timeout": 5}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env("REDIS_URL")
MEDIA_ROOT = env("MEDIA_ROOT", default=str(BASE_DIR / "media"))
# A platform that keeps files until they are deleted (Twilio): so many hours after ours was written. 0: at once.
MEDIA_KEPT_THERE_HOURS = env.int("MEDIA_KEPT_THERE_HOURS", default=0)
MEDIA_URL = ""  # attachments are served by a view that checks who may see them
STATIC_URL = "/static/"
STATIC_ROOT = env("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = env.bool("STATIC_FROM_SOURCE", default=False)
WHITENOISE_MAX_AGE = 3600
WHITENOISE_ALLOW_ALL_ORIGINS = False  # no other site has business with our scripts and styles
if not WHITENOISE_USE_FINDERS:
    # From `collectstatic`: compressed beforehand, and by names that change with what is in them, kept for good.
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    WHITENOISE_MANIFEST_STRICT = False  # a file that was not collected is asked for by its plain name
SESSION_ENGINE = "inbox.sign_in"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# -- security ---------------------------------------------------------------------------------------------------
HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "inbox.views.errors.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "connect-src": [CSP.SELF] + ([LIVE_URL] if LIVE_URL.startswith("http") else []),
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_VERBOSE = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 30 * 1024 * 1024
WEBHOOK_MAX_BYTES = 1024 * 1024

# -- mail to administrators ---------------------------------------------------------------------------------------
# Without a mail server none is sent, and "Niets kwijt" says so.
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="") or f"webcare@{urlsplit(PUBLIC_URL).hostname or 'localhost'}"
MAILERS = mailers(env("EMAIL_URL", default=""))

# -- push messages to browsers (Web Push) ------------------------------------------------------------------------
# `manage.py make_push_key` prints one; without it no browser can ask for push messages.
VAPID_PRIVATE_KEY = env("VAPID_PRIVATE_KEY", default="")
# Whom a push service may ask about us: a mailto: or https: address.
VAPID_SUBJECT = env("VAPID_SUBJECT", default="") or f"mailto:{DEFAULT_FROM_EMAIL}"

# -- language and time ------------------------------------------------------------------------------------------
LANGUAGE_CODE = "nl"
LANGUAGES = [("nl", "Nederlands")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Amsterdam"

# -- Celery -----------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# Workers of their own: however slow a platform is to take answers or to give files, no question waits for it, and no
# answer for a file (docs/adr/0007). Each queue named here needs a worker, or /readyz says that workers are missing.
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_ROUTES = {
    "inbox.tasks.drain_events": {"queue": "incoming"},
    "inbox.tasks.send_message": {"queue": "sending"},
    "inbox.tasks.send_due": {"queue": "sending"},
    "inbox.tasks.fetch_due_media": {"queue": "media"},
    "inbox.tasks.fetch_post_picture": {"queue": "media"},
    "inbox.tasks.do_deeds": {"queue": "sending"},
}
# How often each account asks its platform what it missed, in seconds. Never below what the platform allows: see
# channels/polling.py.
GAPS_EVERY = env.float("GAPS_EVERY", default=300.0)
# Sweepers: what a lost kick, a crashed worker or a dead Redis left behind. Seconds.
CELERY_BEAT_SCHEDULE = {
    "drain": {"task": "inbox.tasks.drain_events", "schedule": 5.0, "options": {"expires": 5}},
    "outbox": {"task": "inbox.tasks.send_due", "schedule": 5.0, "options": {"expires": 5}},
    "media": {"task": "inbox.tasks.fetch_due_media", "schedule": 15.0, "options": {"expires": 15}},
    "profiles": {"task": "inbox.tasks.fetch_due_profiles", "schedule": 30.0, "options": {"expires": 30}},
    "deeds": {"task": "inbox.tasks.do_deeds", "schedule": 10.0, "options": {"expires": 10}},
    "groups": {"task": "inbox.tasks.answer_groups", "schedule": 5.0, "options": {"expires": 5}},
    "lines": {"task": "inbox.tasks.say_lines", "schedule": 10.0, "options": {"expires": 10}},
    "templates": {"task": "inbox.tasks.refresh_templates", "schedule": 300.0, "options": {"expires": 300}},
    "wake": {"task": "inbox.tasks.wake_snoozed", "schedule": 30.0, "options": {"expires": 30}},
    "absent": {"task": "inbox.tasks.pass_on_stuck", "schedule": 60.0, "options": {"expires": 60}},
    "shifts": {"task": "inbox.tasks.end_forgotten_shifts", "schedule": 900.0, "options": {"expires": 900}},
    "gaps": {"task": "channels.tasks.repair_gaps", "schedule": GAPS_EVERY, "options": {"expires": GAPS_EVERY}},
    "check": {"task": "channels.tasks.check_due", "schedule": 60.0, "options": {"expires": 60}},
    "access": {"task": "channels.tasks.renew_access", "schedule": 60.0, "options": {"expires": 60}},
    "drafts": {"task": "inbox.tasks.forget_old_drafts", "schedule": 3600.0, "options": {"expires": 3600}},
    "early": {"task": "inbox.tasks.forget_early_changes", "schedule": 3600.0, "options": {"expires": 3600}},
    "lateness": {"task": "inbox.tasks.tell_lateness", "schedule": 20.0, "options": {"expires": 20}},
    "recount": {"task": "inbox.tasks.recount_clocks", "schedule": 60.0, "options": {"expires": 60}},
    "pushes": {"task": "inbox.tasks.send_pushes", "schedule": 30.0, "options": {"expires": 30}},
    "summaries": {"task": "inbox.tasks.send_summaries", "schedule": 60.0, "options": {"expires": 60}},
    "notices": {"task": "inbox.tasks.forget_old_notices", "schedule": 3600.0, "options": {"expires": 3600}},
    "advice": {"task": "inbox.tasks.mail_advice", "schedule": 20.0, "options": {"expires": 20}},
    "alerts": {"task": "inbox.tasks.alert_administrators", "schedule": 30.0, "options": {"expires": 30}},
}

# -- API --------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["inbox.api.authentication.ApiTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "inbox.api.problems.problem",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "ENUM_NAME_OVERRIDES": {"SensitiveGroundEnum": "inbox.models.SensitiveGround"},
    "TITLE": "Webcare",
    "DESCRIPTION": "Conversations of a municipality with its citizens on X, Facebook and WhatsApp.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

# -- logs: events by name, as JSON lines; never a token, phone number or message text -------------------------------
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # The frames alone: local variables hold tokens and citizens' texts.
        structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        # These print tokens, phone numbers or addresses with either at INFO or DEBUG.
        "twilio": {"level": "WARNING"},
        "tweepy": {"level": "WARNING"},
        "oauthlib": {"level": "WARNING"},
        "requests_oauthlib": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
    },
}
