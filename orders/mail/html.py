"""The HTML of a mail. Mail readers keep no stylesheet, so each element carries its own style."""

from markupsafe import escape

from houblon.orders.mail.content import EmailContent, EmailTable, TableRow

_INK, _INK_2, _PAPER, _LINE, _HOP = "#20261f", "#586055", "#f7f5f0", "#e3dfd5", "#2c6a3c"
_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5"
_BODY = f"margin:0;padding:24px 12px;background:{_PAPER};color:{_INK};{_FONT}"
_SHEET = f"max-width:560px;margin:0 auto;padding:28px;background:#ffffff;border:1px solid {_LINE};border-radius:10px"
_NAME = "margin:0 0 20px;font-family:Georgia,serif;font-size:20px;font-weight:bold"
_FACTS = f"margin:20px 0;padding:4px 0;border-top:1px solid {_LINE};border-bottom:1px solid {_LINE}"
_FACT = "margin:8px 0;overflow-wrap:anywhere"
_LABEL = f"color:{_INK_2};font-size:14px"
_BUTTON = (
    f"display:inline-block;padding:12px 22px;background:{_HOP};color:#ffffff;border-radius:8px;"
    "font-weight:bold;text-decoration:none"
)
_RULE = f'<hr style="margin:28px 0;border:0;border-top:1px solid {_LINE}">'
_TABLE = "width:100%;margin:20px 0;border-collapse:collapse"
_HEADING = f"padding:0 0 6px;color:{_INK_2};font-size:14px;font-weight:normal"
_CELL = f"padding:10px 0;border-top:1px solid {_LINE};vertical-align:top"
_TOTAL = f"padding:12px 0 4px;border-top:2px solid {_INK};font-weight:bold"
_CLOSING = f"margin:20px 0 0;color:{_INK_2};font-size:14px"
_LINK = f"color:{_HOP}"
_FOOT = f"max-width:560px;margin:16px auto 0;color:{_INK_2};font-size:13px"


def html_email(content: EmailContent) -> str:
    """A sheet with the sender's name, the paragraphs, the facts and a button. All of it is text that is escaped."""
    bodies = [_body(each) for each in (content, content.beside) if each is not None]
    name, foot = _html(content.sender[0]), "<br>".join(map(_html, content.sender))
    return (
        f'<!doctype html><html lang="{content.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{_html(content.subject)}</title></head><body style="{_BODY}">'
        f'<div style="{_SHEET}"><p style="{_NAME}">{name}</p>'
        f"{_RULE.join(bodies)}</div>"
        f'<p style="{_FOOT}">{foot}</p></body></html>'
    )


def _body(content: EmailContent) -> str:
    """What a letter says, in one language."""
    paragraphs = "".join(
        f'<p style="margin:0 0 14px;overflow-wrap:anywhere">{_html(line)}</p>' for line in content.lines
    )
    facts = "".join(
        f'<p style="{_FACT}"><span style="{_LABEL}">{_html(name)}</span><br><strong>{_html(value)}</strong></p>'
        for name, value in content.facts
    )
    box = f'<div style="{_FACTS}">{facts}</div>' if facts else ""
    button = (
        f'<p style="margin:20px 0 0"><a href="{escape(content.link)}" style="{_BUTTON}">{_html(content.label)}</a></p>'
        if content.link
        else ""
    )
    table = _table(content.table) if content.table else ""
    closing = "".join(f'<p style="{_CLOSING}">{_html(line)}</p>' for line in content.closing)
    further = "".join(
        f'<p style="margin:14px 0 0"><a href="{escape(link)}" style="{_LINK}">{_html(label)}</a></p>'
        for label, link in content.also
    )
    return f'<div lang="{content.language}">{paragraphs}{box}{table}{button}{further}{closing}</div>'


def _table(table: EmailTable) -> str:
    left, right = (
        f'<th scope="col" style="{_HEADING};text-align:{side}">{_html(words)}</th>'
        for words, side in zip(table.headings, ("left", "right"), strict=True)
    )
    rows = "".join(map(_row, table.rows))
    name, amount = map(_html, table.total)
    return (
        f'<table style="{_TABLE}"><thead><tr>{left}{right}</tr></thead><tbody>{rows}</tbody>'
        f'<tfoot><tr><th scope="row" style="{_TOTAL};text-align:left">{name}</th>'
        f'<td style="{_TOTAL};text-align:right;white-space:nowrap">{amount}</td></tr></tfoot></table>'
    )


def _row(row: TableRow) -> str:
    title = f"<strong>{_html(row.title)}</strong>"
    if row.link:
        title = f'<a href="{escape(row.link)}" style="color:{_HOP};font-weight:bold">{_html(row.title)}</a>'
    notes = "".join(f'<br><span style="{_LABEL}">{_html(each)}</span>' for each in row.notes)
    return (
        f'<tr><th scope="row" style="{_CELL};text-align:left;font-weight:normal;overflow-wrap:anywhere">{title}{notes}</th>'
        f'<td style="{_CELL};text-align:right;white-space:nowrap">{_html(row.amount)}</td></tr>'
    )


def _html(text: str) -> str:
    return str(escape(text)).replace("\n", "<br>")
