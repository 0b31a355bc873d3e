"""Every French sentence of the pages has its English."""

import re
from collections import Counter
from io import BytesIO
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask, render_template_string

from houblon.web.foundation import language

ROOT = Path(__file__).resolve().parents[3]
METHODS = [("web/**.py", "python"), ("web/templates/**.html", "jinja2")]


def messages():
    """The msgids that the pages use."""
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
    for _, _, message, _, _ in extract_from_dir(
        str(ROOT / "web"), [(m[4:], how) for m, how in METHODS], keywords=keywords
    ):
        yield message


def catalogue():
    path = ROOT / "web" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
    return read_po(BytesIO(path.read_bytes()))


def test_no_sentence_is_without_its_english():
    known = catalogue()
    used = list(messages())
    assert len(used) > 100
    missing = [message for message in used if not (known.get(message) and known.get(message).string)]
    assert missing == []


def test_a_translation_is_there_once_and_for_a_sentence_that_is_said():
    path = ROOT / "web" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
    written = re.findall(r'^msgid ((?:".*"\n)+)', path.read_text("utf-8"), re.MULTILINE)
    assert [each for each, count in Counter(written).items() if count > 1] == []
    used = {message if isinstance(message, str) else message[0] for message in messages()}
    ids = (each.id if isinstance(each.id, str) else each.id[0] for each in catalogue() if each.id)
    assert [id for id in ids if id not in used] == []


def test_a_translation_names_the_same_values():
    for message in catalogue():
        if isinstance(message.id, str) and message.id:
            assert sorted(re.findall(r"%\(\w+\)s", message.id)) == sorted(re.findall(r"%\(\w+\)s", message.string))


def test_nothing_is_singular_in_french_and_plural_in_english():
    app = Flask("houblon.web")
    language.register(app)
    page = "{% for each in (0, 1, 2) %}{{ ngettext('%(num)s commande', '%(num)s commandes', each) }} {% endfor %}"
    with app.test_request_context():
        assert render_template_string(page) == "0 commande 1 commande 2 commandes "
    with app.test_request_context(headers={"Cookie": "langue=en"}):
        assert render_template_string(page) == "0 orders 1 order 2 orders "
