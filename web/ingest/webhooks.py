"""`POST /webhooks/…` as Flask serves it: one signed order in, its decision out; from our own senders and from shops."""

from flask import Blueprint, Response, request

from houblon.orders.credentials.credentials import SHOPIFY, WOOCOMMERCE
from houblon.web.foundation.answers import header_of
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import as_response
from houblon.web.ingest.handler import ingest_from_shop, ingest_signed

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")


@blueprint.post("/orders")
def orders() -> Response:
    """The raw bytes are verified before anything reads them; answered once the decision is durable."""
    return as_response(ingest_signed(house(), header_of(request.environ), request.get_data()))


@blueprint.post("/shopify/orders")
def shopify() -> Response:
    """A Shopify `orders/create`."""
    return _from_shop(SHOPIFY)


@blueprint.post("/woocommerce/orders")
def woocommerce() -> Response:
    """A WooCommerce `order.created`, or the ping that it sends when it is set up."""
    return _from_shop(WOOCOMMERCE)


def _from_shop(kind: str) -> Response:
    return as_response(ingest_from_shop(house(), kind, header_of(request.environ), request.get_data()))
