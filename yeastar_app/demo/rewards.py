"""The demo's rewards, with pictures drawn here, and redemptions of the demo's partners in every state, made by the real
rules at the moments they happened."""

import io
import math
from collections.abc import Callable
from datetime import timedelta

from PIL import Image as Pillow
from PIL import ImageDraw
from sqlmodel import Session, select

from yeastar_app import clock
from yeastar_app.access import Actor
from yeastar_app.features import Surface
from yeastar_app.models.accounts import Account, Kind, Organisation
from yeastar_app.models.points import Tier
from yeastar_app.models.rewards import Reward, RewardStock
from yeastar_app.services import images, redemptions, rewards
from yeastar_app.services.redemptions import Decline, Fulfilment, OneRedemption
from yeastar_app.services.rewards import RedeemForm

Box = tuple[float, float, float, float]
_DRAWN_AT = 2
"""Drawn larger than shown, so that edges are smooth."""
_WIDE, _HIGH = 640, 480


class _Sheet:
    """A drawing of 640 by 480 points on a soft ground."""

    def __init__(self, top: str, bottom: str) -> None:
        self.image = Pillow.new("RGB", (_WIDE * _DRAWN_AT, _HIGH * _DRAWN_AT))
        self.draw = ImageDraw.Draw(self.image)
        first, last = (tuple(bytes.fromhex(colour[1:])) for colour in (top, bottom))
        for line in range(self.image.height):
            share = line / self.image.height
            colour = tuple(round(a + (b - a) * share) for a, b in zip(first, last, strict=True))
            self.draw.line(((0, line), (self.image.width, line)), fill=colour)
        self.oval((170, 372, 470, 408), _mixed(bottom, 0.86))

    def box(self, box: Box, colour: str, radius: float = 0) -> None:
        self.draw.rounded_rectangle(_scaled(box), radius * _DRAWN_AT, fill=colour)

    def oval(self, box: Box, colour: str) -> None:
        self.draw.ellipse(_scaled(box), fill=colour)

    def shape(self, points: list[tuple[float, float]], colour: str) -> None:
        self.draw.polygon([(x * _DRAWN_AT, y * _DRAWN_AT) for x, y in points], fill=colour)

    def arc(self, box: Box, start: float, end: float, colour: str, width: float) -> None:
        self.draw.arc(_scaled(box), start, end, fill=colour, width=round(width * _DRAWN_AT))

    def line(self, points: list[tuple[float, float]], colour: str, width: float) -> None:
        scaled = [(x * _DRAWN_AT, y * _DRAWN_AT) for x, y in points]
        self.draw.line(scaled, fill=colour, width=round(width * _DRAWN_AT), joint="curve")

    def file(self) -> bytes:
        out = io.BytesIO()
        self.image.resize((_WIDE, _HIGH), Pillow.Resampling.LANCZOS).save(out, "PNG", compress_level=1)
        return out.getvalue()


def _scaled(box: Box) -> Box:
    left, top, right, bottom = box
    return left * _DRAWN_AT, top * _DRAWN_AT, right * _DRAWN_AT, bottom * _DRAWN_AT


def _mixed(colour: str, share: float) -> str:
    """A colour made darker."""
    return "#" + bytes(round(part * share) for part in bytes.fromhex(colour[1:])).hex()


def _mug() -> _Sheet:
    sheet = _Sheet("#fbf1e2", "#f3dfc2")
    sheet.arc((376, 196, 470, 318), -90, 90, "#1f5fe0", 22)
    sheet.box((218, 150, 412, 390), "#1f5fe0", 26)
    sheet.box((218, 150, 412, 200), "#1a4fb8", 26)
    sheet.oval((218, 138, 412, 182), "#3f7cf4")
    sheet.oval((234, 146, 396, 176), "#5a3a22")
    for left in (262, 306, 350):
        sheet.line([(left, 112), (left + 10, 92), (left - 4, 70), (left + 8, 48)], "#ffffff", 7)
    return sheet


def _headset() -> _Sheet:
    sheet = _Sheet("#e6eefc", "#cddcf7")
    sheet.arc((192, 92, 448, 372), 180, 360, "#23314d", 24)
    for left, right in ((176, 246), (394, 464)):
        sheet.box((left, 222, right, 344), "#23314d", 30)
        sheet.box((left + 14, 240, right - 14, 326), "#4d6390", 20)
    sheet.arc((250, 230, 440, 404), 20, 110, "#23314d", 12)
    sheet.oval((296, 382, 352, 418), "#1f5fe0")
    return sheet


def _phone() -> _Sheet:
    sheet = _Sheet("#e8f3ee", "#cfe5da")
    sheet.shape([(172, 390), (214, 160), (468, 160), (484, 390)], "#2a3340")
    sheet.box((186, 148, 260, 396), "#1a212b", 30)
    sheet.box((290, 184, 448, 270), "#9fd3ff", 8)
    sheet.box((304, 198, 386, 208), "#2b6cb0", 4)
    sheet.box((304, 220, 434, 228), "#ffffff", 4)
    sheet.box((304, 240, 412, 248), "#ffffff", 4)
    for row in range(3):
        for column in range(3):
            left, top = 296 + column * 54, 288 + row * 32
            sheet.box((left, top, left + 40, top + 20), "#56657a", 6)
    return sheet


def _bag() -> _Sheet:
    sheet = _Sheet("#f4ecf8", "#e2d3ea")
    sheet.arc((262, 66, 378, 182), 180, 360, "#4b3b63", 16)
    sheet.box((206, 116, 434, 396), "#6b5590", 56)
    sheet.box((232, 250, 408, 380), "#4b3b63", 24)
    sheet.box((232, 282, 408, 292), "#8f79b5", 4)
    sheet.box((306, 276, 334, 316), "#e8c15a", 6)
    sheet.box((256, 160, 384, 170), "#8f79b5", 4)
    return sheet


def _voucher() -> _Sheet:
    sheet = _Sheet("#fdf0ec", "#f6d9d0")
    sheet.box((150, 150, 490, 356), "#ffffff", 18)
    sheet.box((150, 150, 250, 356), "#d9482b", 18)
    sheet.box((226, 150, 250, 356), "#d9482b")
    for top in range(164, 350, 24):
        sheet.oval((244, top, 256, top + 12), "#fdf0ec")
    sheet.shape(_star(200, 253, 34), "#ffffff")
    sheet.box((284, 190, 450, 210), "#e7b4a6", 8)
    sheet.box((284, 232, 410, 246), "#f0d5cc", 6)
    sheet.box((284, 264, 450, 278), "#f0d5cc", 6)
    sheet.box((284, 304, 360, 328), "#d9482b", 8)
    return sheet


def _course() -> _Sheet:
    sheet = _Sheet("#eaf1f7", "#d2e0ec")
    sheet.box((150, 130, 490, 340), "#23314d", 16)
    sheet.box((166, 146, 474, 324), "#f7fafd", 8)
    sheet.shape([(292, 192), (292, 278), (366, 235)], "#1f5fe0")
    sheet.box((184, 300, 456, 308), "#d2dbe6", 4)
    sheet.box((184, 300, 300, 308), "#1f5fe0", 4)
    sheet.shape([(128, 384), (154, 340), (486, 340), (512, 384)], "#3a4963")
    return sheet


def _conference() -> _Sheet:
    sheet = _Sheet("#17284b", "#31518f")
    for left, height in ((150, 150), (206, 220), (262, 180), (330, 260), (392, 200), (446, 140)):
        sheet.box((left, 400 - height, left + 48, 400), "#0f1c38")
        for top in range(round(400 - height) + 16, 384, 26):
            sheet.box((left + 10, top, left + 18, top + 10), "#f2c968")
            sheet.box((left + 28, top, left + 36, top + 10), "#5f7fbd")
    sheet.oval((420, 56, 476, 112), "#f6e3ad")
    sheet.box((0, 400, 640, 480), "#0b1530")
    return sheet


def _charger() -> _Sheet:
    sheet = _Sheet("#eef3e6", "#dbe6c9")
    sheet.line([(320, 352), (320, 420), (560, 420)], "#38424f", 8)
    sheet.oval((196, 176, 444, 424), "#2d3642")
    sheet.oval((214, 190, 426, 402), "#3f4b5a")
    sheet.box((256, 104, 384, 352), "#10151f", 26)
    sheet.box((266, 118, 374, 338), "#7bc96f", 16)
    sheet.shape([(330, 170), (288, 240), (318, 240), (308, 294), (354, 218), (324, 218)], "#ffffff")
    return sheet


def _star(x: float, y: float, size: float) -> list[tuple[float, float]]:
    turns = [(math.pi * step / 5 - math.pi / 2, size if step % 2 == 0 else size * 0.44) for step in range(10)]
    return [(x + reach * math.cos(angle), y + reach * math.sin(angle)) for angle, reach in turns]


_CATALOGUE: tuple[tuple[str, str, int, Callable[[], _Sheet], dict[str, int]], ...] = (
    ("Stoneware Mug", "Two mugs of 350 ml from a small pottery, with a quiet Y on the base.", 300, _mug,
     {"Registered": 40, "Silver": 40, "Gold": 40, "Platinum": 20}),
    ("Wireless Charging Pad", "15 W, with cable. Charges phone and earbuds side by side.", 600, _charger,
     {"Registered": 12, "Silver": 18, "Gold": 4, "Platinum": 10}),
    ("Travel Backpack", "22 litres, for a laptop of 16 inches, made of recycled sailcloth.", 900, _bag,
     {"Silver": 15, "Gold": 20, "Platinum": 10}),
    ("Certification Course", "One seat in the P-Series certification, online, with the exam.", 1_200, _course,
     {"Registered": 5, "Silver": 10, "Gold": 25, "Platinum": 25}),
    ("Noise-cancelling Headset", "For open offices: two microphones, 34 hours, USB-C and Bluetooth.", 1_800, _headset,
     {"Silver": 6, "Gold": 12, "Platinum": 12}),
    ("Marketing Voucher, 250 EUR", "Towards print, an event or advertising with our name beside yours.", 2_500,
     _voucher, {"Gold": 0, "Platinum": 8}),
    ("Executive IP Phone", "Colour touch screen, ready for your showroom or your own desk.", 3_200, _phone,
     {"Gold": 9, "Platinum": 9}),
    ("Partner Summit, for Two", "Two nights in Xiamen with the people who build the products.", 14_000, _conference,
     {"Platinum": 4}),
)  # fmt: skip
"""Name, what it is, points, picture, stock by tier."""

_PAST = (
    # who, reward, days ago; then: approved after so many days, fulfilled after, the note or the reason of the decline
    ("partner", "Stoneware Mug", 96, (1, 3, "Sent with PostNL, parcel 3SYST0481772. Enjoy them.")),
    ("colleague", "Certification Course", 61, (1, 1, "The seat is booked: the invitation is in your mailbox.")),
    ("partner", "Travel Backpack", 34, (2, None, "This colour is not made any more. Please choose again.")),
    ("partner", "Wireless Charging Pad", 6, (1, None, "")),
    ("colleague", "Stoneware Mug", 1, None),
    ("rival", "Wireless Charging Pad", 0, None),
)  # fmt: skip
_DECLINED = {"Travel Backpack"}


def load(session: Session, people: dict[str, Account]) -> Callable[[Session, Account, int], None]:
    """The catalogue. What was redeemed from it belongs between the registrations: the function that comes back is to be
    called with a company's owner and how many days ago it is, as those days pass."""
    tiers = {tier.name: tier.key for tier in session.exec(select(Tier))}
    vendor = people["admin"].organisation_id
    for position, (name, about, points, draw, stock) in enumerate(_CATALOGUE, 1):
        picture = images.store(session, vendor, images.decode(draw().file()))
        reward = Reward(name=name, description=about, points=points, position=position, image_id=picture)
        session.add(reward)
        session.flush()
        session.add_all(
            RewardStock(reward_id=reward.key, tier_id=tiers[tier], stock=count) for tier, count in stock.items()
        )
    session.flush()
    due = list(enumerate(_PAST, 1))

    def until(session: Session, owner: Account, days_ago: int) -> None:
        """Redeem what the owner's company redeemed earlier than so many days ago."""
        for one in list(due):
            number, (who, name, days, later) = one
            if people[who].organisation_id == owner.organisation_id and days > days_ago:
                due.remove(one)
                _redeemed(session, people, people[who], name, days, later, f"demo-redemption-{number:02}")

    return until


def _redeemed(
    session: Session,
    people: dict[str, Account],
    who: Account,
    name: str,
    days: int,
    later: tuple[int, int | None, str] | None,
    key: str,
) -> None:
    reward = next(reward for reward in session.exec(select(Reward)) if reward.name == name)
    company = session.get_one(Organisation, who.organisation_id)
    address = "\n".join(part for part in (who.name, company.name, company.street, company.city) if part)
    asked = clock.now() - timedelta(days=days, hours=2)
    form = RedeemForm(reward=reward.key, points=reward.points, request_key=key, deliver_to=address)
    with clock.frozen(asked):
        done = rewards.redeem(session, _actor(session, who, Surface.PARTNER), form)
    if later is None:
        return
    approved, fulfilled, note = later
    manager = _actor(session, people["manager"], Surface.STAFF)
    with clock.frozen(asked + timedelta(days=approved, hours=1)):
        if name in _DECLINED:
            redemptions.decline(session, manager, Decline(redemption=done.id, reason=note))
            return
        redemptions.approve(session, manager, OneRedemption(redemption=done.id))
    if fulfilled is not None:
        with clock.frozen(asked + timedelta(days=fulfilled, hours=5)):
            redemptions.fulfil(session, manager, Fulfilment(redemption=done.id, note=note))


def _actor(session: Session, who: Account, surface: Surface) -> Actor:
    company = session.get_one(Organisation, who.organisation_id)
    return Actor(
        account_id=who.key,
        kind=Kind(who.kind),
        organisation_id=company.key,
        organisation_name=company.name,
        path=company.path,
        email=who.email,
        name=who.name,
        surfaces=frozenset({surface}),
    )
