"""What the demo's help page and the start of the program say: the sign-ins and the three guided procedures."""

from dataclasses import dataclass

from yeastar_app.words import t

SIGN_INS = {
    "admin": t("administrator"),
    "manager": t("account manager"),
    "partner": t("partner, Gold, with a hosting package"),
    "colleague": t("the partner's colleague, without Central Management"),
    "customer": t("the partner's customer"),
    "reseller": t("the partner's reseller"),
    "reseller-colleague": t("the reseller's colleague, who sees PBXs and alarms"),
    "rival": t("another partner"),
    "rival-customer": t("the other partner's customer"),
    "rival-reseller": t("the other partner's reseller"),
}
"""The demo's accounts: the part of the address before @example.com, and who that is."""


@dataclass(frozen=True)
class Procedure:
    """A procedure to try, step by step. `who` signs in; `href` is where it begins."""

    title: str
    who: str
    href: str
    steps: tuple[str, ...]


PROCEDURES = (
    Procedure(
        t("Register products for points"),
        "partner",
        "/partner/program",
        (
            t("Sign in as the partner and open Business > Partner Program."),
            t("Click “Get Points”, choose a product and type one of the IDs below."),
            t("Click “Save”: the window shows the points, the page the new balance."),
            t("For many at once choose “Bulk Register”: download the template, fill it in, upload it."),
        ),
    ),
    Procedure(
        t("Create an account for a customer"),
        "partner",
        "/partner/partners",
        (
            t("Sign in as the partner and open User > Partners."),
            t("Click “Add Partner”, fill in the form with an address of your own making, click “Save”."),
            t("Open the mailbox, read the email and follow its link: set a password there."),
            t("Sign in with it: the Customer Portal opens."),
        ),
    ),
    Procedure(
        t("Create a Central Management account for a reseller"),
        "partner",
        "/central/resellers",
        (
            t("Sign in as the partner, open Central Management, then System > User > Reseller."),
            t("Click “Add”: the user's information, the package, the permissions; click “Save”."),
            t("Send the activation email from the list and open it in the mailbox."),
            t("Set a password, sign in, and create a cloud PBX inside the package."),
        ),
    ),
)
