"""Where somebody goes who may not have what was asked for: the one answer of the gate (events) and the guard
(documents)."""

from urllib.parse import quote

from yeastar_app.access import Actor
from yeastar_app.refusals import NotFound, Refusal, SignInNeeded


def way_out(actor: Actor, refusal: Refusal, wanted: str = "") -> str:
    """The address to go to; `wanted` is the page to come back to after signing in."""
    if isinstance(refusal, SignInNeeded):
        return f"/sign-in?next={quote(wanted)}" if wanted else "/sign-in?reason=ended"
    if isinstance(refusal, NotFound):
        return "/404"
    if actor.must_change_password:
        return "/change-password"
    if actor.must_set_up_two_factor:
        return "/account?setup=two-factor"
    return "/not-allowed"
