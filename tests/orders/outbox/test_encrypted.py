"""A sealed link is written out only to be sent, in letters of today and of an earlier Houblon."""

import msgspec
import pytest

from houblon.orders.mail.content import Letter
from houblon.orders.mail.rendered import written
from houblon.orders.outbox.encrypted import PLACE, Unsealing, seal

SECRET, LINK = "s3cret", "https://biere.example/compte?a=1&b=2"
EARLIER = {"subject": "S", "text": f"Ouvrez {PLACE}", "html": f'<a href="{PLACE}">Ouvrir</a>'}


class Box:
    def send(self, id, recipient, message):
        self.mail = written(message)


def today():
    return msgspec.to_builtins(Letter("S", ("Bonjour,",), "fr", ("Brasserie",), (), PLACE, "Ouvrir"))


@pytest.mark.parametrize("message", [EARLIER, today()], ids=["earlier", "today"])
def test_the_link_stands_where_its_place_was(message):
    kept = seal(SECRET, message, LINK)
    assert LINK not in str(kept) and LINK not in written(kept)["text"]
    box = Box()
    Unsealing(box, SECRET).send("1", "a@b.c", kept)
    assert LINK in box.mail["text"] and 'href="https://biere.example/compte?a=1&amp;b=2"' in box.mail["html"]
    assert PLACE not in str(box.mail)
