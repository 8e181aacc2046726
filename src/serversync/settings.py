"""Django's settings; nothing here starts a server or makes a file.

Everything that differs between installations comes from the environment:

    SERVERSYNC_DATA          the data folder
    DATABASE_URL             a PostgreSQL of yours instead of the embedded one
    SERVERSYNC_SECRET_KEY    the key of stored passwords and of sessions, instead of ``secret.key`` in the data folder
    SERVERSYNC_HOSTS         host names, separated by commas, under which the pages may be opened
"""

import os
import secrets as randomness

from serversync.crm import secrets
from serversync.database.address import dsn
from serversync.database.django import database_settings

SECRET_KEY = secrets.session_key() if secrets.exists() else randomness.token_urlsafe(48)
DEBUG = False
ALLOWED_HOSTS = [
    host.strip()
    for host in os.environ.get("SERVERSYNC_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
    if host.strip()
]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "procrastinate.contrib.django",
    "serversync.crm",
    "serversync.web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "serversync.web.headers.SecurityHeaders",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "serversync.web.static_files.StaticFiles",
    "serversync.api.separate.Separate",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "serversync.web.access.ActingUser",
    "serversync.web.login_required.LoginRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "serversync.web.refusals.Refusals",
]

ROOT_URLCONF = "serversync.urls"
LOGIN_URL = "log-in"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "log-in"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "serversync.web.context.frame",
            ],
        },
    },
]

DATABASES = {"default": database_settings(dsn())}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "crm.SystemUser"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False

SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LOGGING_CONFIG = None
