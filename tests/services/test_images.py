"""Profile images: what is accepted, what is left of it, who sees it (PRODUCT 3.2)."""

import io
import struct
import zlib

import pytest
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo
from sqlmodel import select

from tests.factories import account, signed_in
from tests.services.customers_ground import FORM, company_of, customer, edit, manager_of, partner, row, staff
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Kind
from yeastar_app.models.records import Image
from yeastar_app.refusals import NotFound, Refusal, SignInNeeded
from yeastar_app.services import account_information, customers, images


def picture(kind: str = "PNG", size: tuple[int, int] = (900, 600), mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Pillow.new(mode, size, "teal" if mode != "P" else 3).save(out, kind, **options)
    return out.getvalue()


def bomb() -> bytes:
    """A PNG of a few kilobytes that says it has 30,000 by 30,000 points."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK"])
def test_png_jpeg_and_webp_are_made_anew_as_small_webp(kind: str, mode: str) -> None:
    if (kind, mode) in {("JPEG", "RGBA"), ("JPEG", "P"), ("PNG", "CMYK"), ("WEBP", "CMYK")}:
        mode = "RGB"  # no file of this kind has it
    made = Pillow.open(io.BytesIO(images.decode(picture(kind, mode=mode)).content))
    assert (made.format, made.size) == ("WEBP", (512, 341))


def test_small_pictures_are_not_made_larger() -> None:
    assert Pillow.open(io.BytesIO(images.decode(picture(size=(40, 30))).content)).size == (40, 30)


def test_nothing_of_the_metadata_stays() -> None:
    exif = Pillow.Exif()
    exif[0x010E], exif[0x8825] = "taken at home", {1: "N", 2: (52.0, 5.0, 0.0)}
    text = PngInfo()
    text.add_text("Comment", "taken at home")
    for content in (
        picture("JPEG", exif=exif, comment=b"taken at home", icc_profile=b"taken at home"),
        picture("WEBP", exif=exif, xmp=b"taken at home"),
        picture("PNG", pnginfo=text, exif=exif),
    ):
        assert b"taken at home" in content
        made = images.decode(content).content
        assert b"taken at home" not in made
        assert {"exif", "xmp", "icc_profile", "comment"}.isdisjoint(Pillow.open(io.BytesIO(made)).info)


def test_a_picture_lying_on_its_side_is_turned_before_its_metadata_goes() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    content = picture("JPEG", size=(80, 40), exif=exif)
    assert Pillow.open(io.BytesIO(images.decode(content).content)).size == (40, 80)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>alert(1)</script></html>",
        b"%PDF-1.7",
        picture("GIF"),
        picture("BMP"),
        picture("TIFF"),
        picture("PNG")[:60],
        picture("JPEG")[:200],
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        picture("PNG", size=(3, 3))[:-20] + b"rubbish" * 9,
    ],
)
def test_what_is_no_picture_of_these_kinds_is_refused_whatever_its_name(content: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        images.decode(content)
    assert (refused.value.code, refused.value.field) == ("picture_unreadable", "picture")


def test_two_megabytes_are_the_limit() -> None:
    whole = picture()
    padded = whole + b"\0" * (images.MAX_BYTES - len(whole))
    images.decode(padded)
    with pytest.raises(Refusal, match="picture_too_large"):
        images.decode(padded + b"\0")


def test_a_small_file_that_unfolds_into_gigabytes_is_refused_unread() -> None:
    content = bomb()
    assert len(content) < 2_000
    with pytest.raises(Refusal, match="picture_too_large"):
        images.decode(content)


def test_foreign_bytes_behind_the_picture_do_not_stay() -> None:
    assert b"<script>" not in images.decode(picture() + b"<script>alert(1)</script>").content


def pictures() -> list[Image]:
    with transaction(writes=False) as session:
        return list(session.exec(select(Image)))


def test_the_preview_stores_nothing(sqlite: str) -> None:
    me = partner()
    shown = perform(images.preview, {"picture": picture()}, me)
    assert shown.address.startswith("data:image/webp;base64,") and len(shown.address) < 20_000
    assert not pictures()
    with pytest.raises(SignInNeeded):
        perform(images.preview, {"picture": picture()}, Credential())


def test_a_customers_picture_is_stored_replaced_and_taken_away(sqlite: str) -> None:
    me = partner()
    created = customer(me, picture=picture())
    (first,) = pictures()
    assert (first.media_type, first.organisation_id) == ("image/webp", company_of(created).key)
    edit(customers, me, created, **{**FORM, "picture": picture("JPEG")})
    (second,) = pictures()
    assert second.id != first.id and row(created).image_id == second.id
    edit(customers, me, created, **FORM)
    assert row(created).image_id == second.id
    edit(customers, me, created, **{**FORM, "without_picture": True})
    assert not pictures() and row(created).image_id is None


def test_a_picture_is_seen_by_its_company_and_those_above_it_and_by_nobody_else(sqlite: str) -> None:
    me = partner()
    created = customer(me, picture=picture())
    number = row(created).image_id
    with transaction() as session:
        session.get_one(type(row(created)), created).status = "active"  # type: ignore[assignment]
    own = signed_in(row(created))
    for viewer in (me, own, manager_of(me), signed_in(staff())):
        assert perform(images.view, {"id": number}, viewer).media_type == "image/webp"
    stranger = partner()
    for viewer in (
        stranger,
        manager_of(stranger),
        signed_in(account(Kind.CUSTOMER)),
        signed_in(account(Kind.RESELLER)),
    ):
        with pytest.raises(NotFound):
            perform(images.view, {"id": number}, viewer)
    with pytest.raises(SignInNeeded):
        perform(images.view, {"id": number}, Credential())
    for wrong in ("x", "", None, -1, 2**70, "1; drop table image"):
        with pytest.raises(NotFound):
            perform(images.view, {"id": wrong}, me)


def test_a_customer_changes_its_own_picture(sqlite: str) -> None:
    person = account(Kind.CUSTOMER)
    perform(account_information.change, {"first_name": "Carla", "picture": picture()}, signed_in(person))
    assert [image.organisation_id for image in pictures()] == [person.organisation_id]
