"""What the sections of the account page share."""

from datetime import datetime

from yeastar_app.access import OWN_ACCOUNT
from yeastar_app.portals.menu import SURFACE_NAMES
from yeastar_app.portals.page import Shell, current_actor, guarded
from yeastar_app.refusals import NotAllowed, NotFound, Refusal, SignInNeeded


@guarded(OWN_ACCOUNT)
class AccountState(Shell):
    surface_name: str = ""
    demanded: bool = False
    """Whether a second factor has to be set up before anything else."""

    def _take_actor(self) -> None:
        actor = current_actor()
        self.surface_name = SURFACE_NAMES[actor.home] if actor.home else ""
        self.demanded = actor.must_set_up_two_factor

    def _refuse(self, refusal: Refusal) -> None:
        """At the field where there is one, otherwise above the form that is open."""
        if isinstance(refusal, SignInNeeded | NotAllowed | NotFound):
            super()._refuse(refusal)
        else:
            self.errors = refusal.fields or {"": refusal.message}


def when(time: datetime) -> str:
    """`2 Mar 2026, 09:00 UTC`."""
    return f"{time.day} {time:%b %Y, %H:%M} UTC"
