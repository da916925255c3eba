"""My Subscription: what the company has of each capacity and where it went, over time."""

import reflex as rx

from yeastar_app.components import charts, layout
from yeastar_app.components.controls import badge, button_link, callout, loading
from yeastar_app.components.split_bar import Split, split, split_card
from yeastar_app.features import Feature
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.services import capacity, capacity_records, pbx
from yeastar_app.words import day, plural, t


@guarded(pbx.CENTRAL)
class SubscriptionState(Shell):
    loaded: bool = False
    capacities: list[Split] = []
    past: list[charts.Chart] = []
    """What was taken of each capacity over the last year, in the order of `capacities`."""
    high_availability: bool = False
    has_resellers: bool = False
    may_add_pbx: bool = False
    may_add_reseller: bool = False
    living: str = ""

    @rx.event
    async def load(self) -> None:
        self._watch(*capacity.topics_around(current_actor()))
        if (seen := await self._act(pbx.overview)) and (levels := await self._act(capacity_records.over_time)):
            self._show(seen)
            self.past = [_past(gauge.name, levels[gauge.capacity]) for gauge in seen.gauges]

    async def _follow(self) -> None:
        self._show(await self._ask(pbx.overview))

    def _show(self, seen: pbx.Overview) -> None:
        actor = current_actor()
        self.capacities = [split(each.name, each.total, each.assigned, each.used, each.free) for each in seen.gauges]
        self.high_availability = seen.high_availability
        self.has_resellers = actor.may(Feature.RESELLER_VIEW)
        self.may_add_pbx, self.may_add_reseller = actor.may(Feature.PBX_ADD), actor.may(Feature.RESELLER_MANAGE)
        own = plural(seen.own_pbxs, "cloud PBX of your own", "cloud PBXs of your own")
        theirs = plural(seen.reseller_pbxs, "cloud PBX", "cloud PBXs")
        many = plural(seen.resellers, "reseller", "resellers")
        self.living = (
            t("{own}, {many} with {theirs}.", own=own, many=many, theirs=theirs) if self.has_resellers else own
        )
        self.loaded = True


def _past(name: str, levels: list[capacity_records.Level]) -> charts.Chart:
    """A year of one capacity: assigned and used together. The table says where each month ended."""
    now = levels[-1].day
    begin = now - capacity_records.WINDOW
    taken = [(each.day, each.assigned + each.used) for each in levels]
    places = [((when - begin) / capacity_records.WINDOW, amount) for when, amount in taken]
    months = {f"{when:%B %Y}": amount for when, amount in taken}  # the last of each month stays
    spoken = t("{name} taken over the last 12 months: {first} at first, {last} now.",
               name=name, first=f"{taken[0][1]:,}", last=f"{taken[-1][1]:,}")  # fmt: skip
    if places[0][0] > 0:
        places = [(0.0, 0), *places]  # before that there was no package, or nobody wrote it down
    chart = charts.steps(places, list(months.items()), spoken=spoken, heading=t("Month"), unit=name)
    chart.first, chart.last = day(begin), t("Today")
    return chart


@page("/central/subscription", t("My Subscription"), pbx.CENTRAL, SubscriptionState.load)
def subscription_page() -> rx.Component:
    state = SubscriptionState
    return layout.shell(
        state,
        t("Central Management"),
        t("My Subscription"),
        rx.cond(
            state.loaded,
            rx.el.div(
                rx.foreach(state.capacities, lambda row: split_card(row, resellers=state.has_resellers)),
                class_name="grid-3",
            ),
            rx.el.div(*[layout.card(loading(6)) for _ in range(3)], class_name="grid-3"),
        ),
        rx.cond(
            state.loaded,
            layout.card(
                rx.el.div(
                    rx.foreach(
                        state.past,
                        lambda chart: rx.el.div(rx.el.h3(chart.unit, class_name="label"), charts.step_chart(chart)),
                    ),
                    class_name="grid-3",
                ),
                title=t("Assigned and used over the last 12 months"),
            ),
        ),
        rx.cond(
            state.loaded,
            callout(
                rx.el.div(
                    rx.el.span(state.living),
                    rx.cond(
                        state.high_availability,
                        badge(t("High Availability included"), "good"),
                        badge(t("Without High Availability")),
                    ),
                    class_name="row-between",
                ),
                symbol="server",
            ),
        ),
        note=t("Your package, and what of it is assigned, in use and free at this moment."),
        actions=(
            rx.cond(state.may_add_reseller, button_link(t("Add Reseller"), "/central/resellers/new", symbol="plus")),
            rx.cond(state.may_add_pbx, button_link(t("Add PBX"), "/central/pbx?add=1", look="primary", symbol="plus")),
        ),
    )
