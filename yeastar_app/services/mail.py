"""Writing emails into the outbox, in the transaction of their cause. Sending is engines/mail.py and jobs/outbox.py."""

from html import escape
from string import Template

from sqlmodel import Session

from yeastar_app import clock
from yeastar_app.models.records import Email
from yeastar_app.settings import settings
from yeastar_app.words import t


def write(
    session: Session,
    *,
    kind: str,
    to: str,
    subject: str,
    paragraphs: list[str],
    button: tuple[str, str] | None = None,
    code: str = "",
) -> Email:
    """Put an email into the outbox, as text and as HTML. `button` is (words, path or address); `code` stands out
    large. Paragraphs are plain text: what people typed is escaped here."""
    href = ""
    if button:
        href = button[1] if button[1].startswith("http") else settings().address + button[1]
    foot = t("You get this email because of your Yeastar account. Did not expect it? You can ignore it.")
    text_parts = [*paragraphs[:1], *([code] if code else []), *([f"{button[0]}:\n{href}"] if button else [])]
    subject = " ".join(subject.split())[:255]  # a header is one line
    row = Email(
        kind=kind,
        to=to,
        subject=subject,
        text="\n\n".join([*text_parts, *paragraphs[1:], "--\n" + foot]) + "\n",
        html=_html(subject, paragraphs, button[0] if button else "", href, code, foot),
        created_at=clock.now(),
        next_try_at=clock.now(),
    )
    session.add(row)
    return row


_FRAME = Template("""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>$subject</title></head>
<body style="margin:0;padding:32px 16px;background:#f6f7f9;color:#10151f;
  font:15px/1.55 Helvetica,Arial,sans-serif">
<div style="max-width:520px;margin:0 auto;padding:32px;background:#ffffff;
  border:1px solid #e2e6ec;border-radius:12px">
<p style="margin:0 0 20px;font-weight:700;color:#1f5fe0">Yeastar</p>
$body
<p style="margin:24px 0 0;padding-top:16px;border-top:1px solid #e2e6ec;
  font-size:13px;color:#4a5361">$foot</p>
</div></body></html>
""")
_BUTTON = Template(
    '<p style="margin:0 0 20px"><a href="$href" style="display:inline-block;padding:11px 20px;border-radius:8px;'
    'background:#1f5fe0;color:#ffffff;text-decoration:none;font-weight:600">$label</a></p>'
)
_CODE = Template('<p style="margin:0 0 20px;font:600 28px/1.2 monospace;letter-spacing:.2em">$code</p>')


def _html(subject: str, paragraphs: list[str], label: str, href: str, code: str, foot: str) -> str:
    said = [f'<p style="margin:0 0 16px">{escape(paragraph)}</p>' for paragraph in paragraphs]
    big = [_CODE.substitute(code=escape(code))] if code else []
    action = [_BUTTON.substitute(href=escape(href), label=escape(label))] if href else []
    body = "\n".join([*said[:1], *big, *action, *said[1:]])
    return _FRAME.substitute(subject=escape(subject), body=body, foot=escape(foot))
