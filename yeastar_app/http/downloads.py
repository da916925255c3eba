"""Files made on demand: the bulk template, the rows to correct, exports. Each is an action like any other, carried out
in the process kept for workbooks, so that nobody waits for it but the one who asked."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from yeastar_app import access
from yeastar_app.access import Credential
from yeastar_app.http.credential import credential
from yeastar_app.jobs import processes
from yeastar_app.refusals import Refusal, SignInNeeded
from yeastar_app.services import (
    alarms,
    audit_log,
    bulk,
    operation_logs,
    partner_points,
    pbx,
    point_details,
    point_rules,
    redemptions,
    registry_imports,
    resellers,
    statement,
)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PIECE = 256 * 1024
STATEMENT_OF = tuple(statement.PartnerStatement.model_fields)
Made = bytes | Path
FILTERS = tuple(point_details.DetailsFilter.model_fields)


def carry_out(function: Callable[..., Made], payload: Any, brought: Credential) -> Made | tuple[int, str]:
    """In the other process: the workbook (a long one as a file to be deleted when it is sent), or status and words of
    the refusal."""
    try:
        return access.perform(function, payload, brought)
    except SignInNeeded as refusal:
        return 401, refusal.message
    except Refusal as refusal:
        return 404, refusal.message


def sent_and_gone(file: Path, headers: Mapping[str, str]) -> Response:
    """A file in pieces. It has no name any more when the first goes out, so that nothing is left behind whoever hangs
    up. Never by the server's own way of sending files: that opens them after we are done with them."""
    handle = file.open("rb")
    size = file.stat().st_size
    file.unlink()

    def pieces() -> Iterator[bytes]:
        with handle:
            yield from iter(lambda: handle.read(PIECE), b"")

    return StreamingResponse(pieces(), media_type=XLSX, headers={**headers, "content-length": str(size)})


def download(name: str, function: Callable[..., Made], takes: tuple[str, ...] = ()) -> Route:
    """A route that answers with the workbook an action makes; `takes`: query parameters handed to it."""

    async def answer(request: Request) -> Response:
        brought = credential(request.headers, request.client.host if request.client else "")
        query: Mapping[str, str] = request.query_params
        payload = {key: query[key] for key in takes if key in query} if takes else None
        made = await asyncio.wrap_future(processes.submit(carry_out, function, payload, brought))
        headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
        if isinstance(made, Path):
            return sent_and_gone(made, headers)
        if isinstance(made, bytes):
            return Response(made, media_type=XLSX, headers=headers)
        if made[0] == 401:
            return RedirectResponse("/sign-in?reason=ended", 303)
        return PlainTextResponse(made[1], made[0])

    return Route(f"/files/{name}", answer, methods=["GET"])


routes = [
    download("registration-template.xlsx", bulk.empty_template),
    download("rows-to-correct.xlsx", bulk.rows_to_correct, ("upload",)),
    download("uploaded-workbook.xlsx", bulk.original, ("upload",)),
    download("registered-from-workbook.xlsx", bulk.result, ("upload",)),
    download("resellers.xlsx", resellers.export, ("name", "company", "email", "state")),
    download("cloud-pbxs.xlsx", pbx.export, ("name", "owner", "show")),
    download("alarms.xlsx", alarms.export, ("search", "level", "state")),
    download("audit-log.xlsx", audit_log.export, ("search", "who", "action", "since", "until")),
    download("operation-logs.xlsx", operation_logs.export, ("who", "what", "operation", "since", "until")),
    download("point-rules.xlsx", point_rules.export, ("search",)),
    download("account-statement.xlsx", statement.export, STATEMENT_OF),
    download("partner-statement.xlsx", statement.export_of, STATEMENT_OF),
    download("redemptions.xlsx", redemptions.export, tuple(redemptions.QueueFilter.model_fields)),
    download("point-record.xlsx", point_details.export_records, FILTERS),
    download("registered-products.xlsx", point_details.export_registered_products, FILTERS),
    download("registry-rows-to-correct.xlsx", registry_imports.refused_rows, ("id",)),
    download("registry-template.xlsx", registry_imports.template),
    download("partners-points.xlsx", partner_points.export, ("search", "tier")),
    download("partner-record.xlsx", partner_points.export_records, ("partner", *FILTERS)),
    download("partner-registered.xlsx", partner_points.export_registered_products, ("partner", *FILTERS)),
]
