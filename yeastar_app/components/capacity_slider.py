"""The capacity slider: a rail and a number box that follow each other in the browser, with what is in use marked on
the left (it cannot go below) and what is free on the right (it cannot go above). One can be bound to another, which it
cannot pass. The server judges again on Save."""

from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex_base.event import EventChain
from reflex_base.vars.function import FunctionVar

from yeastar_app.words import t


@dataclass
class Bounds:
    """Where a slider stands and how far it goes. Made by `bounds`, which also writes the words."""

    value: int = 0
    least: int = 0
    most: int = 0
    held: int = 0
    """What is assigned here now: the difference to it is what Save deducts or gives back."""
    pool: int = 0
    """What is held here and free together."""
    fits: bool = True
    locked: str = "0%"
    """How much of the rail is taken by what is in use."""
    part: str = "0"
    """Where the thumb stands between least and most, 0 to 1."""
    low: str = ""
    high: str = ""
    here: str = ""
    free: str = ""
    total: str = ""
    above: str = ""
    """What is said of more than `most` that would still be free."""
    live: str = ""


LOW, ABOVE, HIGH = t("At least {n}"), t("At most {most}"), t("{n} at most")


def bounds(
    value: int,
    *,
    least: int,
    held: int,
    free: int,
    total: int,
    low: str = "",
    cap: int | None = None,
    above: str = ABOVE,
) -> Bounds:
    """A slider from `least` (in use; cannot go below) to `held` + `free` (cannot go above), nor above `cap`, of which
    `above` says why."""
    pool = held + free
    most = max(pool if cap is None else min(pool, cap), least)
    inside = min(max(value, least), most)
    return Bounds(
        value=value,
        least=least,
        most=most,
        held=held,
        pool=pool,
        fits=least <= value <= most,
        locked=f"{min(45, round(100 * least / most)) if held and most else 0}%",
        part=f"{(inside - least) / (most - least) if most > least else 0:.4f}",
        low=low or (t("{n} in use", n=f"{least:,}") if least > 1 else f"{least:,}"),
        high=HIGH.format(n=f"{most:,}"),
        here=f"{held:,}",
        free=f"{free:,}",
        total=f"{total:,}",
        above=above,
        live=_live(value, held, pool, least, most, total, above),
    )


def limits(value: int, *, least: int, most: int, above: str = ABOVE) -> Bounds:
    """A slider between two numbers, for what is deducted from nothing."""
    found = bounds(value, least=least, held=0, free=most, total=most, above=above)
    found.live = _misfit(value, least, most, above)
    return found


TAKES, GIVES, SAME = t("Deducts {n}"), t("Gives back {n}"), t("No change")
LEFT, OVER = t("{n} of {total} left after this"), t("{n} more than is free: at most {most}")


def _misfit(value: int, least: int, most: int, above: str) -> str:
    """What would fit, where a value does not."""
    if value < least:
        return LOW.format(n=f"{least:,}")
    return above.format(most=f"{most:,}") if value > most else ""


def _live(value: int, held: int, pool: int, least: int, most: int, total: int, above: str) -> str:
    """What Save would do, in words. FOLLOW writes the same while the slider moves."""
    change, left = value - held, pool - value
    if value >= least and left < 0:
        return OVER.format(n=f"{-left:,}", most=f"{most:,}")
    if not least <= value <= most:
        return _misfit(value, least, most, above)
    done = TAKES if change > 0 else GIVES if change < 0 else SAME
    return f"{done.format(n=f'{abs(change):,}')} · {LEFT.format(n=f'{left:,}', total=f'{total:,}')}"


_STEP = """function step(slider, from) {
  const range = slider.querySelector("input[type=range]"), box = slider.querySelector("input[type=number]");
  const words = slider.dataset, other = words.within && document.getElementById(words.within);
  if (other) {
    const held = Number(other.value), most = Number.isInteger(held) && held > 0 ? Math.min(held, words.cap) : words.cap;
    range.max = box.max = most;
    words.above = most < words.cap ? words.beyond : words.capped;
    const end = slider.querySelector(".slider-ends span:last-child").firstChild;
    if (end) end.nodeValue = words.high.replace("{n}", Number(most).toLocaleString("en"));
  }
  const least = Number(range.min), most = Number(range.max);
  if (from === range) {
    if (range.matches(":active") && most - least > 500) {
      const step = 10 ** Math.floor(Math.log10((most - least) / 100));
      const near = Math.round(Number(range.value) / step) * step;
      if (Number(range.value) > least && Number(range.value) < most) range.value = near;
    }
    box.value = range.value;
  } else if (from === box) {
    range.value = box.value === "" ? least : box.value;
  } else return;
  const value = box.value === "" ? NaN : Number(box.value), whole = Number.isInteger(value);
  const fits = whole && value >= least && value <= most;
  const say = (text, n) => text.replace("{n}", Math.abs(n).toLocaleString("en"))
    .replace("{most}", most.toLocaleString("en")).replace("{total}", words.total);
  slider.dataset.fits = String(fits);
  box.setAttribute("aria-invalid", String(!fits || slider.querySelector(".error") !== null));
  range.style.setProperty("--part", most > least ? (Number(range.value) - least) / (most - least) : 0);
  const live = slider.querySelector("output"), change = value - Number(words.held), left = Number(words.pool) - value;
  const text = value < least ? say(words.low, least) : !whole ? ""
    : left < 0 && words.over ? say(words.over, left) : value > most ? say(words.above, most) : !words.takes ? ""
    : say(change > 0 ? words.takes : change < 0 ? words.gives : words.same, change) + " · " + say(words.left, left);
  if (live.textContent !== text) live.textContent = text;
  range.setAttribute("aria-valuetext", Number(range.value).toLocaleString("en") + (text && ". " + text));
  for (const bound of document.querySelectorAll(".slider[data-within=" + CSS.escape(box.id) + "]"))
    step(bound, bound.querySelector("input[type=number]"));
}"""
FOLLOW = rx.Var(f"((event) => ({_STEP})(event.currentTarget, event.target))").to(FunctionVar, EventChain)
"""Keeps rail, number box, fill and words in step without asking the server, and what is bound to it; compiled into the
page (no eval)."""

AGREE = rx.Var(f"((slider) => slider && ({_STEP})(slider, slider.querySelector('input[type=number]')))")
"""The same after the page was drawn with other bounds: what stands in the number box is judged again, never changed.
As React's `ref` it is called whenever that may have happened."""


def capacity_slider(
    state: Any,
    name: str,
    label: str,
    where: Any,
    *,
    hint: Any = None,
    plain: bool = False,
    assigns: bool = True,
    on_tell: Any = None,
    within: tuple[str, int, str] | None = None,
) -> rx.Component:
    """A slider and its number box. `where` is a State var of type Bounds; the number box is the form field `name`.
    `plain`: for a number that is deducted from nothing (`limits`), so without the words about what is left. `assigns`:
    whether what is assigned here is of interest beside what is free. `on_tell(name, value)` is told where it stands
    when one leaves it; what the slider shows never waits for it. `within`: the name of a slider on the same page whose
    value this one cannot pass, what it can pass in no case, and what is said of more than the other's value."""
    message = state.errors[name]
    told = {} if on_tell is None else {"on_blur": lambda value: on_tell(name, value)}
    described = f"{name}-error {name}-live {name}-facts" + (f" {name}-hint" if hint is not None else "")
    words = {"data-low": LOW, "data-above": where.above}
    if not plain:
        words |= {"data-takes": TAKES, "data-gives": GIVES, "data-same": SAME, "data-left": LEFT, "data-over": OVER}
    if within is not None:
        words |= {"data-within": within[0], "data-cap": str(within[1]), "data-beyond": within[2],
                  "data-capped": ABOVE, "data-high": HIGH}  # fmt: skip
    return rx.el.div(
        rx.el.div(
            rx.el.label(label, html_for=name, class_name="label"),
            rx.el.output(where.live, id=f"{name}-live", html_for=name, class_name="slider-live"),
            class_name="slider-label",
        ),
        rx.el.div(
            rx.el.span(class_name="slider-locked", style={"width": where.locked}, aria_hidden="true"),
            rx.el.input(
                type="range",
                min=where.least,
                max=where.most,
                step=1,
                default_value=where.value,
                aria_label=t("{name}, slider", name=label),
                custom_attrs={"aria-valuetext": where.value.to_string() if plain else where.live},
                class_name="slider-range",
                style={"--part": where.part},
                **told,
            ),
            class_name="slider-rail",
        ),
        rx.el.input(
            type="number",
            id=name,
            name=name,
            min=where.least,
            max=where.most,
            step=1,
            custom_attrs={"inputMode": "numeric"},
            default_value=where.value,
            required=True,
            aria_invalid=rx.cond(message, "true", "false"),
            aria_describedby=described,
            class_name="input slider-box",
            **told,
        ),
        rx.el.div(rx.el.span(where.low), rx.el.span(where.high), class_name="slider-ends", aria_hidden="true"),
        rx.fragment() if plain else _facts(name, where, assigns),
        rx.el.p(hint, id=f"{name}-hint", class_name="hint slider-wide") if hint is not None else rx.fragment(),
        rx.cond(message, rx.el.p(message, id=f"{name}-error", class_name="error slider-wide")),
        class_name="slider",
        custom_attrs={
            "onInput": FOLLOW,
            "data-fits": rx.cond(where.fits, "true", "false"),
            "ref": AGREE,
            "data-total": where.total,
            "data-held": where.held.to_string(),
            "data-pool": where.pool.to_string(),
            **words,
        },
    )


def _facts(name: str, where: Any, assigns: bool) -> rx.Component:
    """Assigned here, still free, total."""
    pairs = [(t("Still free"), where.free), (t("Total"), where.total)]
    if assigns:
        pairs.insert(0, (t("Assigned here"), where.here))
    return rx.el.dl(
        *[rx.el.div(rx.el.dt(words), rx.el.dd(number)) for words, number in pairs],
        id=f"{name}-facts",
        class_name="slider-facts",
    )
