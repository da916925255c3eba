"""Workbooks made on demand, on their way to the browser."""

from pathlib import Path
from typing import Any

from yeastar_app.http import downloads


async def test_a_file_is_sent_whole_in_pieces_and_nothing_of_it_stays(tmp_path: Path) -> None:
    """Also where the server offers to send files itself: it would open the file after it is gone."""
    content = bytes(range(256)) * 4_000
    file = tmp_path / "made.xlsx"
    file.write_bytes(content)
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "headers": [], "extensions": {"http.response.pathsend": {}},
             "asgi": {"spec_version": "2.4"}}  # fmt: skip
    await downloads.sent_and_gone(file, {})(scope, receive, send)
    assert b"".join(message.get("body", b"") for message in said) == content
    assert (b"content-length", str(len(content)).encode()) in said[0]["headers"]
    assert len(said) > 3
    assert not file.exists()
