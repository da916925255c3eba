"""The list of resellers as a workbook: what the filters in the address let through."""

import asyncio
from io import BytesIO

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from xlsxwriter import Workbook

from yeastar_app import access
from yeastar_app.http.credential import credential
from yeastar_app.refusals import Refusal, SignInNeeded
from yeastar_app.services import resellers
from yeastar_app.words import t

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADINGS = (
    t("Company"), t("Name"), t("Email"), t("State"), t("PBXs"), t("Extensions used"), t("Extensions"),
    t("Concurrent Calls used"), t("Concurrent Calls"), t("Call Recording (mins) used"), t("Call Recording (mins)"),
    t("Minimum Ext. per PBX"), t("High Availability"),
)  # fmt: skip


def workbook(rows: list[resellers.Row]) -> bytes:
    """The rows as .xlsx. What people typed stays text: nothing of it becomes a formula or a link."""
    file = BytesIO()
    book = Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(t("Resellers"))
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 2, 28)
    sheet.set_column(3, len(HEADINGS) - 1, 18)
    sheet.write_row(0, 0, HEADINGS, book.add_format({"bold": True}))
    for number, row in enumerate(rows, start=1):
        used_and_total = [figure for pair in row.capacities for figure in pair]
        available = t("Yes") if row.high_availability else t("No")
        who = [row.company, row.name, row.email, row.status.value, row.pbxs]
        sheet.write_row(number, 0, [*who, *used_and_total, row.min_extensions, available])
    book.close()
    return file.getvalue()


async def export(request: Request) -> Response:
    brought = credential(request.headers, request.client.host if request.client else "")
    wanted = {name: request.query_params.get(name, "")[:255] for name in ("name", "company", "email", "state")}
    try:
        rows = await asyncio.to_thread(access.perform, resellers.export, wanted, brought)
    except SignInNeeded:
        return RedirectResponse("/sign-in", status_code=303)
    except Refusal as refusal:
        return PlainTextResponse(refusal.message, 403)
    content = await asyncio.to_thread(workbook, rows)
    named = {"content-disposition": 'attachment; filename="resellers.xlsx"', "cache-control": "no-store"}
    return Response(content, media_type=EXCEL, headers=named)


routes = [Route("/download/resellers.xlsx", export, methods=["GET"])]
