"""Pictures over HTTP: the cookie decides, a stranger's picture is not there (PRODUCT 3.2)."""

import httpx
from starlette.applications import Starlette

from tests.factories import account, signed_in
from tests.services.customers_ground import customer, partner, row
from tests.services.test_images import picture
from yeastar_app.access import Credential
from yeastar_app.http import images


async def get(path: str, credential: Credential, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(Starlette(routes=images.routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path, headers={"cookie": f"session={credential.session_token}", **headers})


async def test_a_picture_is_served_privately_and_never_guessed_at(sqlite: str) -> None:
    me = partner()
    number = row(customer(me, picture=picture())).image_id
    answer = await get(f"/images/{number}", me)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = await get(f"/images/{number}", me, **{"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_strangers_picture_is_not_there_even_when_the_browser_has_it(sqlite: str) -> None:
    number = row(customer(partner(), picture=picture())).image_id
    for visitor in (partner(), signed_in(account()), Credential(), Credential(session_token="made up")):
        for headers in ({}, {"if-none-match": f'"{number}"'}):
            answer = await get(f"/images/{number}", visitor, **headers)
            assert (answer.status_code, answer.text) == (404, "Not found.")


async def test_an_address_that_is_no_picture_is_not_found(sqlite: str) -> None:
    me = partner()
    for wrong in ("0", "x", "-1", "99999999999999999999", "1.5", "%00", "1 OR 1=1", "..%2f..%2fetc%2fpasswd"):
        assert (await get(f"/images/{wrong}", me)).status_code == 404
