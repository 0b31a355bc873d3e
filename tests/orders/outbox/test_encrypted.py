"""A sealed link is written out only to be sent, in letters of today and of an earlier Houblon."""

import msgspec
import pytest

from houblon.orders.mail.content import EmailContent
from houblon.orders.mail.rendered import rendered
from houblon.orders.outbox.encrypted import PLACE, Decrypting, encrypt

SECRET, LINK = "s3cret", "https://biere.example/compte?a=1&b=2"
EARLIER = {"subject": "S", "text": f"Ouvrez {PLACE}", "html": f'<a href="{PLACE}">Ouvrir</a>'}


class Box:
    def send(self, id, recipient, message):
        self.mail = rendered(message)


def today():
    return msgspec.to_builtins(EmailContent("S", ("Bonjour,",), "fr", ("Brasserie",), (), PLACE, "Ouvrir"))


@pytest.mark.parametrize("message", [EARLIER, today()], ids=["earlier", "today"])
def test_the_link_stands_where_its_place_was(message):
    kept = encrypt(SECRET, message, LINK)
    assert LINK not in str(kept) and LINK not in rendered(kept)["text"]
    box = Box()
    Decrypting(box, SECRET).send("1", "a@b.c", kept)
    assert LINK in box.mail["text"] and 'href="https://biere.example/compte?a=1&amp;b=2"' in box.mail["html"]
    assert PLACE not in str(box.mail)
