"""Front door: puts the pages and the HTTP routes into one application; nothing else."""

import reflex as rx
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from yeastar_app.http import downloads, hosting, images, session
from yeastar_app.http.guard import Guard
from yeastar_app.jobs import runner
from yeastar_app.portals import live
from yeastar_app.portals.account import account, change_password  # noqa: F401
from yeastar_app.portals.central import (  # noqa: F401
    alarm,
    alarm_contacts,
    alarms,
    customers,
    logs,
    own_alarms,
    own_pbx,
    pbx,
    pbx_details,
    recipients,
    reseller,
    resellers,
    subscription,
    task,
    tasks,
)
from yeastar_app.portals.central import colleague_form as central_colleague_form  # noqa: F401
from yeastar_app.portals.central import colleagues as central_colleagues  # noqa: F401
from yeastar_app.portals.central import dashboard as central_dashboard  # noqa: F401
from yeastar_app.portals.customer import account_information, my_products  # noqa: F401
from yeastar_app.portals.demo import help as demo_help  # noqa: F401
from yeastar_app.portals.demo import mailbox  # noqa: F401
from yeastar_app.portals.errors import errors
from yeastar_app.portals.gate import Gate
from yeastar_app.portals.page import PAGES, Shell, policy_for
from yeastar_app.portals.partner import (  # noqa: F401
    colleague_form,
    colleagues,
    dashboard,
    partner_form,
    partners,
    points,
    program,
    rewards,
    statement,
    uploads,
)
from yeastar_app.portals.sign_in import activate, forgot, home, sign_in  # noqa: F401 - each registers its page
from yeastar_app.portals.staff import (  # noqa: F401
    accounts,
    audit_log,
    partner_account,
    partner_points,
    redemptions,
    registry,
    reward_catalogue,
    rules,
    tiers,
)


def with_routes(inner: ASGIApp) -> ASGIApp:
    """Our own routes first, then the framework's, all behind the guard."""
    routes = [*session.routes, *downloads.routes, *images.routes, *hosting.routes, Mount("/", inner)]
    return Guard(Starlette(routes=routes), policy_for)


app = rx.App(
    stylesheets=["/style.css"],
    html_lang="en",
    toaster=None,
    app_wraps={
        (55, "ErrorBoundary"): lambda _stateful: errors.boundary(),
        (5, "Overlay"): lambda _stateful: errors.overlay(),
    },
    backend_exception_handler=errors.failed,
    api_transformer=with_routes,
    head_components=[rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml")],
)
app.add_middleware(Gate(), index=0)
app.register_lifespan_task(runner.inside_the_application)
app.register_lifespan_task(live.inside_the_application, screens=app)
for page in PAGES:
    on_load = [Shell.enter, *page.on_load]
    app.add_page(page.build, route=page.route, title=f"{page.title} · Yeastar", on_load=on_load)
