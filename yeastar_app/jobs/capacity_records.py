"""How every package stands, day by day."""

from yeastar_app.database import transaction
from yeastar_app.services import capacity_records


def run_due() -> None:
    with transaction() as session:
        capacity_records.record(session)
