"""Every table, imported here once so that migrations and tests see the whole schema."""

from yeastar_app.models import accounts, capacity, credentials, points, products, records

__all__ = ["accounts", "capacity", "credentials", "points", "products", "records"]
