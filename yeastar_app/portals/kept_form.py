"""A form that keeps what is typed into it, however often its page is loaded beneath it. For the States of pages that
are a form."""

from typing import Any, ClassVar

import reflex as rx

from yeastar_app.services.seen import mark


class KeptForm(rx.State, mixin=True):
    """What such a State (a Shell) has in common: its form has the key `form_key`."""

    OPENS: ClassVar[tuple[str, ...]] = ("loaded", "form_key")

    loaded: bool = False
    form_key: str = ""
    """Of what the form was filled with: it is drawn anew only where that is different."""

    def _begins(self, *filled_with: Any) -> bool:
        """Whether the form is to be filled, with what has this mark: it was not open, or it is another one, or what is
        stored is different by now. Otherwise a lost connection came back, and all stays as it is."""
        before, self.form_key = self.form_key, mark(*filled_with)
        return self.form_key != before
