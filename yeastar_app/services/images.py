"""Profile images: what is accepted (PNG, JPEG, WebP of at most 2 MB), made anew from the pixels alone so that no
metadata and no foreign bytes stay, stored, and shown to those who may see the company they belong to. Pictures of
rewards are made the same way."""

import base64
import io
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from PIL import Image as Pillow
from PIL import ImageOps
from pydantic import BaseModel
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import SIGNED_IN, Actor, Credential, action, visible_organisations
from yeastar_app.features import Feature, Surface
from yeastar_app.models.accounts import Account, Organisation
from yeastar_app.models.records import Image
from yeastar_app.models.rewards import Redemption, Reward
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services.paging import Key
from yeastar_app.words import t

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_BYTES = 2 * 1024 * 1024
MAX_PIXELS = 24_000_000
"""A photograph of 6,000 by 4,000 points. Small files that unfold into more than this are refused unread."""
SIDE = 512
PREVIEW_SIDE = 144
MEDIA_TYPE = "image/webp"

Pillow.MAX_IMAGE_PIXELS = None  # our own limit is checked first, and refuses where Pillow would only warn


@dataclass(frozen=True)
class Picture:
    """A picture made by us: WebP, at most SIDE points on each side."""

    content: bytes


@dataclass(frozen=True)
class Preview:
    """What the form shows before it is saved, and what it hands in when it is."""

    content: bytes
    address: str
    """A data: address of a small copy."""


class PictureForm(BaseModel):
    picture: bytes | None = None
    """The bytes of the chosen file."""


class ImageForm(BaseModel):
    id: Key = None


def decode(content: bytes, side: int = SIDE) -> Picture:
    """Read somebody's file and make a clean picture of it. Slow (up to 100 ms): never inside a transaction.

    Refusals at field `picture`: `picture_too_large`, `picture_unreadable`."""
    if len(content) > MAX_BYTES:
        raise Refusal("picture_too_large", t("The picture is larger than 2 MB. Choose a smaller one."), "picture")
    try:
        with Pillow.open(io.BytesIO(content), formats=FORMATS) as source:
            if source.width * source.height > MAX_PIXELS:
                raise Refusal(
                    "picture_too_large", t("The picture has too many points. Choose a smaller one."), "picture"
                )
            source.draft("RGB", (side, side))
            upright: Any = ImageOps.exif_transpose(source)
            mode = "RGBA" if upright.has_transparency_data else "RGB"
            upright = upright.convert(mode)
            upright.thumbnail((side, side))
            clean = Pillow.new(mode, upright.size)
            clean.paste(upright)
    except Refusal:
        raise
    except Exception:  # whatever a hostile file makes a decoder raise, the answer is the same
        message = t("This is no picture we can read. Choose a PNG, JPEG or WebP file.")
        raise Refusal("picture_unreadable", message, "picture") from None
    out = io.BytesIO()
    clean.save(out, "WEBP", quality=86)
    return Picture(out.getvalue())


def prepared_picture(form: Any, _credential: Credential) -> Picture | None:
    """For actions whose form has a `picture`: decodes it outside the transaction."""
    return decode(form.picture) if form.picture else None


def _prepared_preview(form: PictureForm, _credential: Credential) -> Preview:
    picture = decode(form.picture or b"")
    small = decode(picture.content, PREVIEW_SIDE).content
    return Preview(picture.content, f"data:{MEDIA_TYPE};base64,{base64.b64encode(small).decode()}")


@action(SIGNED_IN, form=PictureForm, writes=False, prepare=_prepared_preview)
def preview(_session: Session, _actor: Actor, _form: PictureForm, *, prepared: Preview) -> Preview:
    """Check a chosen file before its form is saved. Nothing is stored."""
    return prepared


def store(session: Session, organisation_id: int, picture: Picture) -> int:
    """Keep a picture for somebody of a company; gives its id."""
    row = Image(organisation_id=organisation_id, media_type=MEDIA_TYPE, content=picture.content, created_at=clock.now())
    session.add(row)
    session.flush()
    return row.key


def replace(session: Session, account: Account, picture: Picture | None) -> None:
    """Give an account another picture, or none; the old one goes."""
    old = session.get(Image, account.image_id) if account.image_id else None
    account.image_id = store(session, account.organisation_id, picture) if picture else None
    session.flush()
    if old is not None:
        session.delete(old)


def address(image_id: int | None) -> str:
    """Where a picture is served; empty for none."""
    return f"/images/{image_id}" if image_id else ""


@action(SIGNED_IN, form=ImageForm, writes=False)
def view(session: Session, actor: Actor, form: ImageForm) -> Image:
    """A picture, for those who may see its company, or the reward it shows. NotFound for everybody else."""
    row = session.exec(
        select(Image)
        .join(Organisation, col(Organisation.id) == col(Image.organisation_id))
        .where(col(Image.id) == (form.id or 0), visible_organisations(actor) | _of_a_reward(actor))
    ).first()
    if row is None:
        raise NotFound(t("This picture"))
    return row


def _of_a_reward(actor: Actor) -> Any:
    """A condition on Image: it shows a reward. Those of the catalogue are for everybody in the programme, others for
    who redeemed them; all of them for staff."""
    shown = sa.select(sa.literal(1)).where(col(Reward.image_id) == col(Image.id))
    if Surface.STAFF in actor.surfaces:
        return shown.exists()
    if not actor.may(Feature.PROGRAMME):
        return sa.false()
    redeemed = sa.select(col(Redemption.reward_id)).where(col(Redemption.organisation_id) == actor.organisation)
    return shown.where(col(Reward.active) | col(Reward.id).in_(redeemed)).exists()
