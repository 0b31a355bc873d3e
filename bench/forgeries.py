"""Forged calls at the doors of a real installation, none of which may be let in: `python -m bench.forgeries 100000`.

A forger knows a signed call, its own secret, the code and the time, but not the source's secret. Every forgery must be
answered 401; the true call that each one was made from must be answered 200 or 422.
"""

import base64
import json
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from houblon.orders.credentials.credentials import add_source
from houblon.web.foundation.logs import configure
from houblon.web.ingest.shop_signatures import shop_signature
from houblon.web.ingest.signatures import sign
from tests.clock import NOW
from tests.web.houses import make_folder, open_place, order

SECRET, FORGER = "the shop's own secret", "whsec_" + base64.b64encode(b"f" * 24).decode()
Headers = dict[str, str]
Call = tuple[str, bytes, Headers]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        place = open_place(Path(folder) / "data", make_folder(Path(folder) / "data"))
        for kind in SHOPS:
            place.house.services.ledger.write(
                lambda connection, kind=kind: add_source(connection, kind, bytes, NOW, kind, SECRET)
            )
        configure(logging.ERROR)
        client, answered = place.client(), Counter[str]()
        began = time.perf_counter()
        for number in range(count):
            true = _true_call(place.secret, number, chance)
            way, forged = _forged(true, chance)
            address, body, headers = forged
            status = client.post(address, data=body, headers=headers).status_code
            assert status == 401, (way, status, forged)
            answered[way] += 1
            if number % 1_000 == 0:
                address, body, headers = true
                assert client.post(address, data=body, headers=headers).status_code in (200, 422), true
        seconds = time.perf_counter() - began
        for way, times in answered.most_common():
            print(f"{way:40} {times:7}")
        print(f"{answered.total()} forged calls in {seconds:.0f} s, none let in")
        place.house.close()


# Where each shop writes its signature, and what else it sends.
SHOPS: dict[str, tuple[str, Headers]] = {
    "shopify": ("X-Shopify-Hmac-Sha256", {"X-Shopify-Topic": "orders/create"}),
    "woocommerce": ("X-WC-Webhook-Signature", {"X-WC-Webhook-Topic": "order.created"}),
}


def _true_call(secret: str, number: int, chance: random.Random) -> Call:
    """A call that one of the sources would make."""
    body = json.dumps(order(f"PO-{number}")).encode()
    kind = chance.choice(["standard", "standard", *SHOPS])
    if kind == "standard":
        return "/webhooks/orders", body, sign(secret, f"msg_{number}", NOW, body)
    header, others = SHOPS[kind]
    return f"/webhooks/{kind}/orders", body, {header: shop_signature(SECRET, body), **others}


def _forged(call: Call, chance: random.Random) -> tuple[str, Call]:
    address, body, headers = call
    name = next(each for each in headers if "signature" in each.lower() or "hmac" in each.lower())
    ways = {**_SIGNATURES, **(_STANDARD if address == "/webhooks/orders" else {})}
    way = chance.choice(list(ways))
    if way == "another body":
        return way, (address, body.replace(b"27.00", b"%d.00" % chance.randrange(28, 99)), headers)
    changed = ways[way](headers[name], headers, body, chance)
    return way, (address, body, headers | (changed if isinstance(changed, dict) else {name: changed}))


def _flipped(signature: str, *_: Any) -> str:
    chance: random.Random = _[-1]
    at = chance.randrange(len(signature))
    # Printable all the same, so that it can stand in a header.
    return signature[:at] + chance.choice([each for each in _PRINTABLE if each != signature[at]]) + signature[at + 1 :]


_PRINTABLE = [chr(each) for each in range(0x21, 0x7F)]
_Forge = Callable[..., "str | Headers"]
_SIGNATURES: dict[str, _Forge] = {
    "another body": lambda signature, *_: signature,
    "one character is another": _flipped,
    "random bytes": lambda signature, headers, body, chance: (
        _prefix(signature) + base64.b64encode(chance.randbytes(32)).decode()
    ),
    "the forger's own secret": lambda signature, headers, body, chance: (
        sign(FORGER, headers["webhook-id"], NOW, body)["webhook-signature"]
        if "webhook-id" in headers
        else shop_signature(FORGER, body)
    ),
    "an empty secret": lambda signature, headers, body, chance: _prefix(signature) + shop_signature("", body),
    "cut short": lambda signature, headers, body, chance: signature[: chance.randrange(len(signature))],
    "with more behind it": lambda signature, headers, body, chance: (
        signature + chance.choice(["=", "A", ",", ".", "%00"])
    ),
    "without its padding": lambda signature, *_: signature.rstrip("="),
    "upper and lower case swapped": lambda signature, *_: signature.swapcase(),
    "as hexadecimal": lambda signature, *_: _prefix(signature) + _digest(signature).hex(),
    "as base64 for addresses": lambda signature, *_: (
        _prefix(signature) + base64.urlsafe_b64encode(_digest(signature)).decode().rstrip("=") + "~"
    ),
    "nothing at all": lambda *_: "",
    "many guesses": lambda signature, headers, body, chance: " ".join(
        _prefix(signature) + base64.b64encode(chance.randbytes(32)).decode() for _ in range(20)
    ),
}


def _moved(**changed: Callable[[Headers, random.Random], str]) -> _Forge:
    def forge(signature: str, headers: Headers, body: bytes, chance: random.Random) -> Headers:
        return {f"webhook-{name}": new(headers, chance) for name, new in changed.items()}

    return forge


def _stamp(**away: int) -> str:
    return str(int((NOW + timedelta(**away)).timestamp()))


_STANDARD: dict[str, _Forge] = {
    "another id": _moved(id=lambda headers, chance: f"msg_{chance.randrange(10**9, 10**10)}"),
    "another second": _moved(
        timestamp=lambda headers, chance: _stamp(seconds=chance.choice([-1, 1]) * chance.randrange(1, 299))
    ),
    "too old or too new": _moved(
        timestamp=lambda headers, chance: _stamp(seconds=chance.choice([-1, 1]) * chance.randrange(301, 10**7))
    ),
    "a timestamp of another form": _moved(
        timestamp=lambda headers, chance: (
            chance.choice(["0x{0:x}", "{0}.0", "+{0}", "0{0}x", "{0} ", "٣"])
            .format(int(headers["webhook-timestamp"]))
            .strip()
            + "e0"
        )
    ),
    "another version": lambda signature, headers, body, chance: (
        chance.choice(["v1a,", "v2,", "V1,", "", "v1"]) + signature[3:]
    ),
    "parts pushed between fields": _moved(
        id=lambda headers, chance: headers["webhook-id"] + "." + headers["webhook-timestamp"]
    ),
}


def _prefix(signature: str) -> str:
    return "v1," if signature.startswith("v1,") else ""


def _digest(signature: str) -> bytes:
    return base64.b64decode(signature.removeprefix("v1,"))


if __name__ == "__main__":
    main()
