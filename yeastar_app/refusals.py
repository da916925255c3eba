"""A refusal: why something was not done, as a value. Codes are stable; messages say what to do next."""

from collections.abc import Mapping

from yeastar_app.words import t


class Refusal(Exception):
    """Raised by a rule. Nothing of the transaction is kept, unless `keep` says that what was written so far is
    (a counted failure, for instance).

    `code` is stable and documented, `field` names the form field it belongs to (empty: the whole form),
    `fields` holds several at once (field → message).
    """

    def __init__(
        self,
        code: str,
        message: str,
        field: str = "",
        *,
        fields: Mapping[str, str] | None = None,
        keep: bool = False,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field
        self.fields = dict(fields or ({field: message} if field else {}))
        self.keep = keep


class SignInNeeded(Refusal):
    """Nobody is signed in (any more)."""

    def __init__(self) -> None:
        super().__init__("sign_in_needed", t("You are signed out. Sign in to go on."))


class NotAllowed(Refusal):
    """Signed in, but without the right to do this."""

    def __init__(self) -> None:
        super().__init__("not_allowed", t("Your account has no right to do this."))


class NotFound(Refusal):
    """It does not exist, or is none of the asker's business: the answer is the same."""

    def __init__(self, what: str) -> None:
        super().__init__("not_found", t("{what} was not found.", what=what))
