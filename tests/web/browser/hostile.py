"""Strings that mean something to a browser, a template, a shell or a spreadsheet, and the forms to type them into."""

from html.parser import HTMLParser
from itertools import cycle

# Short enough for every field. A template that read them would write 94011; a browser would set `hacked`.
STRINGS = (
    "<script>hacked=1</script>",
    '"><img src=x onerror=hacked=1>',
    "'><svg onload=hacked=1>",
    "</textarea></title><script>hacked=1</script>",
    "{{31337*3}}${31337*3}#{31337*3}<%=31337*3%>",
    "{% if 1 %}{{config}}{% endif %}",
    '" autofocus onfocus="hacked=1',
    "javascript:hacked=1//",
    "&lt;script&gt;hacked=1&lt;/script&gt;",
    "'; DROP TABLE orders; -- \\",
    "=HYPERLINK(31337*3)",
    "../../etc/passwd%00",
    "Ω≈ç√ 👩‍👩‍👧 ﷽ ％ null",
)
RESULT = "94011"
_TEXTS = {"text", "email", "search", "tel", "url", "password", "number", "date", "datetime-local", "color"}


class Page(HTMLParser):
    """The forms, links and anything that would run in a page."""

    def __init__(self, html):
        super().__init__()
        self.forms, self.links, self.running = [], [], []
        self.is_hostile = "hacked" in html
        self._select = self._area = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        self.running += [f"<{tag} {name}={value}>" for name, value in attrs if name.startswith("on")]
        if tag == "script" and "src" not in said:
            self.running.append("<script>")
        for name in ("href", "src", "action", "formaction"):
            if (said.get(name) or "").strip().lower().startswith("javascript:"):
                self.running.append(f"<{tag} {name}={said[name]}>")
        if tag == "a" and said.get("href"):
            self.links.append(said["href"])
        if tag == "form":
            self.forms.append(Form(said.get("method", "get").lower(), said.get("action") or ""))
        elif self.forms and said.get("name"):
            self._field(tag, said)
        if tag == "option" and self._select and (self._select not in self.forms[-1].kept or "selected" in said):
            self.forms[-1].kept[self._select] = said.get("value", "")

    def _field(self, tag, said):
        form, name, kind = self.forms[-1], said["name"], said.get("type", "text")
        if tag == "textarea" or (tag == "input" and kind in _TEXTS):
            form.texts[name] = int(said.get("maxlength") or 100_000)
            form.kept[name] = said.get("value", "")
            self._area = name if tag == "textarea" else None
        elif tag == "select":
            self._select = name
        elif (tag == "input" and kind == "hidden") or "checked" in said:
            form.kept[name] = said.get("value", "")

    def handle_data(self, data):
        if self._area:
            self.forms[-1].kept[self._area] += data

    def handle_endtag(self, tag):
        if tag == "select":
            self._select = None
        if tag == "textarea":
            self._area = None


class Form:
    """Where a form goes, what it would send as it is, and its fields for text with their longest."""

    def __init__(self, method, action):
        self.method, self.action = method, action
        self.kept, self.texts = {}, {}

    def filled(self, strings):
        """What is sent when every field for text holds hostile strings, as many as it takes; then each field alone."""
        turns = cycle(range(0, len(strings), 2))
        for first in range(0, len(strings), 2):
            yield self.kept | {name: self._cut(name, strings[first : first + 2]) for name in self.texts}
        for name in self.texts if len(self.texts) > 1 else ():
            first = next(turns)
            yield self.kept | {name: self._cut(name, strings[first : first + 2])}

    def _cut(self, name, strings):
        return "".join(strings)[: self.texts[name]]
