"""Pictures, each checked against who asks: /images/<id>. A stranger's picture is not there."""

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from yeastar_app import access
from yeastar_app.http.credential import credential
from yeastar_app.refusals import Refusal
from yeastar_app.services import images

PRIVATE = {"cache-control": "private, no-cache", "x-content-type-options": "nosniff", "vary": "Cookie"}
"""The browser may keep it but asks again each time, so that somebody signed out or removed sees nothing."""


async def show(request: Request) -> Response:
    """The picture, 304 where the browser has it, 404 where it is none of the asker's business."""
    brought = credential(request.headers, request.client.host if request.client else "")
    try:
        row = await asyncio.to_thread(access.perform, images.view, {"id": request.path_params["id"]}, brought)
    except Refusal:
        return PlainTextResponse("Not found.", 404, headers=PRIVATE)
    tag = f'"{row.id}"'  # a picture never changes: a new one gets a new id
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={**PRIVATE, "etag": tag})
    return Response(row.content, media_type=row.media_type, headers={**PRIVATE, "etag": tag})


routes = [Route("/images/{id}", show, methods=["GET"])]
