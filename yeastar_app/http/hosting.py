"""Where the hosting engine reports: signed messages only (Standard Webhooks). An answer of 204 means that it is kept;
the same message again changes nothing and is answered the same."""

import asyncio
import json

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from yeastar_app.database import transaction
from yeastar_app.engines import webhooks
from yeastar_app.engines.hosting import Report, Usage
from yeastar_app.engines.hosting_http import read_report, read_usage
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import engine_reports, usage
from yeastar_app.settings import settings

PATH = "/hooks/hosting"


async def receive(request: Request) -> Response:
    if not settings().hosting_engine_url:
        return PlainTextResponse("Not found.", 404)  # the embedded engine needs no door
    try:
        body = await request.body()
    except ClientDisconnect:
        return PlainTextResponse("The message is too large.", 413)
    try:
        message_id = webhooks.check(settings().hosting_secret, request.headers, body)
    except webhooks.NotGenuine as problem:
        return PlainTextResponse(f"Refused: {problem}.", 401)
    try:
        message = json.loads(body)
        measured = message.get("type") == "pbx.usage"
        said = read_usage(message["data"]) if measured else read_report(message_id, message["data"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return PlainTextResponse("This is no report.", 422)
    return await asyncio.to_thread(_keep, said)


def _keep(said: Report | Usage) -> Response:
    try:
        with transaction() as session:
            if isinstance(said, Usage):
                usage.take_in(session, said)
            else:
                engine_reports.take_in(session, said)
    except NotFound:
        return PlainTextResponse("There is no such PBX.", 404)
    except Refusal as refusal:
        return PlainTextResponse(refusal.message, 409)
    return Response(status_code=204)


routes = [Route(PATH, receive, methods=["POST"])]
