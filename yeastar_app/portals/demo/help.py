"""/demo: how to try the product. Exists in demo mode only."""

from dataclasses import dataclass

import reflex as rx

from yeastar_app.access import Policy
from yeastar_app.components import guide, layout, tables
from yeastar_app.components.controls import badge, button_link
from yeastar_app.demo.guide import PROCEDURES, SIGN_INS
from yeastar_app.demo.points import EXAMPLES, GOOD
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.settings import settings
from yeastar_app.words import t

DEMO = Policy(public=True, unready=True, demo_only=True)


@dataclass
class SignIn:
    email: str
    who: str


@dataclass
class Try:
    product: str
    product_id: str
    outcome: str
    tone: str


@guarded(DEMO)
class HelpState(Shell):
    """Filled when the page is opened in demo mode: the built pages hold none of it."""

    password: str = ""
    sign_ins: list[SignIn] = []
    examples: list[Try] = []

    @rx.event
    async def load(self) -> None:
        self.password = settings().demo_password
        self.sign_ins = [SignIn(f"{name}@example.com", who) for name, who in SIGN_INS.items()]
        self.examples = [
            Try(example.product, example.product_id, example.outcome, "good" if example.outcome == GOOD else "bad")
            for example in EXAMPLES
        ]


@page("/demo", t("Try it"), DEMO, HelpState.load)
def help_page() -> rx.Component:
    state = HelpState
    return layout.open_page(
        state,
        t("Try it"),
        guide.procedures(PROCEDURES),
        _sign_ins(state),
        _examples(state),
        note=t("Three procedures to carry out, the people to sign in as, and product IDs to type in."),
        actions=(
            button_link(t("Mailbox"), "/mailbox", symbol="mail"),
            button_link(t("Sign in"), "/sign-in", look="primary"),
        ),
    )


def _sign_ins(state: type[HelpState]) -> rx.Component:
    label = t("Sign-ins")
    return layout.card(
        tables.table(
            [(t("Yeastar ID"), ""), (t("Who"), "wide-only")],
            state.sign_ins,
            lambda row: [
                tables.cell(rx.el.code(row.email), tables.on_phone(row.who)),
                tables.cell(row.who, kind="wide-only"),
            ],
            ready=state.ready,
            empty_state=rx.fragment(),
            label=label,
        ),
        title=label,
        aside=rx.el.p(t("Password of all: "), rx.el.code(state.password)),
        flush=True,
    )


def _examples(state: type[HelpState]) -> rx.Component:
    label = t("Product IDs to register")
    return layout.card(
        tables.table(
            [(t("Product"), "wide-only"), (t("Product ID"), ""), (t("What happens"), "")],
            state.examples,
            lambda row: [
                tables.cell(row.product, kind="wide-only"),
                tables.cell(rx.el.code(row.product_id), tables.on_phone(row.product)),
                tables.cell(badge(row.outcome, row.tone)),
            ],
            ready=state.ready,
            empty_state=rx.fragment(),
            label=label,
        ),
        title=label,
        flush=True,
    )
