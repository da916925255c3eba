"""Holds the yearly reviews of the tiers that are due, and announces those that would lower one. Registering something
holds a review that is due as well: on time, late or twice, what comes of it is the same."""

from yeastar_app.jobs.companies import each
from yeastar_app.services import reviews


def run_due() -> None:
    """Hold the reviews that are due, then announce those that come, one company at a time."""
    each(reviews.due, reviews.hold)
    each(reviews.to_announce, reviews.announce)
