"""Which hosting engine runs the cloud PBXs of this installation."""

from yeastar_app.engines.hosting import Engine
from yeastar_app.engines.hosting_http import HttpEngine
from yeastar_app.engines.simulator import Simulator
from yeastar_app.settings import settings


def engine() -> Engine:
    """The one at HOSTING_ENGINE_URL, or the embedded simulator."""
    where = settings().hosting_engine_url
    return HttpEngine(where, settings().hosting_secret) if where else Simulator()
