"""What holds any order whatever its policy says: what its sender says of it contradicts it, or leaves something out."""

import re

from houblon.engine.conditions.figures import money_text
from houblon.engine.conditions.targets.documents import fact_document
from houblon.engine.conditions.vocabulary import FACTS
from houblon.engine.core.money import dollars
from houblon.engine.core.order import FIRST_READING, READING, SECOND_READING, Facts, Order
from houblon.engine.core.problem import Text
from houblon.engine.core.totals import is_untold, place_of_order, totals_of
from houblon.engine.decide.causes import CREDIT_FACTS, credit_text
from houblon.engine.decide.installation import Installation
from houblon.engine.policy.decision import Reason
from houblon.engine.policy.lowering import CREDIT_LIMIT
from houblon.engine.policy.policy import Policy

# How far an order's own sum may be from what its sender says, or what was paid below it, in cents: lines are rounded
# one by one elsewhere.
LEEWAY = 5
MISSING, BELOW_ZERO = "missing_fact", "below_zero"
# The states in which an order may pass, by who sent it; any other is held, those that nobody has heard of too.
_PASSING = {
    "shopify": {"paid", "pending", "authorized", "partially_paid"},
    "woocommerce": {"processing", "on_hold", "completed"},
}
_PASSING_ELSEWHERE = frozenset(
    "open new placed submitted sent confirmed approved accepted processing in_progress on_hold authorized "
    "partially_paid paid completed ouverte nouvelle envoyee confirmee approuvee acceptee en_traitement payee".split()
)
_PARTLY_REFUNDED = frozenset({"partially_refunded", "partiellement_remboursee"})


def barred_by(
    order: Order,
    installation: Installation,
    unknown_groups: tuple[str, ...],
    policy: Policy,
    reading: int = READING,
    known_province: str | None = None,
) -> tuple[Reason, ...]:
    """The reasons; `known_province` is the one that the buyer is kept in."""
    barred = barred_for(order.currency, installation, unknown_groups)
    if reading == FIRST_READING:
        return barred
    own = contradictions(order, installation, known_province)
    if reading == SECOND_READING:
        own = tuple(reason for reason in own if reason.code != BELOW_ZERO)
    return (*barred, *counting(own, policy))


def barred_for(currency: str | None, installation: Installation, unknown_groups: tuple[str, ...]) -> tuple[Reason, ...]:
    """What the currency and the groups that an order names give to hold it."""
    if not unknown_groups and (currency is None or currency.upper() == installation.currency):
        return ()
    barred = [_unknown_group(group) for group in unknown_groups]
    if currency is not None and currency.upper() != installation.currency:
        barred.append(_not_in_currency(currency, installation.currency))
    return tuple(barred)


def contradictions(order: Order, installation: Installation, known_province: str | None = None) -> tuple[Reason, ...]:
    """What the order itself gives to hold it; a place that is missing counts only where a policy `needs_place`."""
    found = []
    if not may_pass(order):
        found.append(_sender_status(order.status or ""))
    place = place_of_order(order, known_province, installation.province)
    totals = order.stated_total and compared_totals(order, installation, known_province)
    if totals and abs(totals[0] - totals[1]) > LEEWAY:
        found.append(_total_differs(*totals))
    if (
        order.charges
        and (worth := sum([each.value for each in order.lines]) + sum([each.amount for each in order.charges])) < 0
    ):
        found.append(_below_zero(worth))
    if is_untold(order, place):
        found.append(_unknown_place(order.buyer.country if order.buyer.province is None else order.buyer.province))
    return tuple(found)


def counting(own: tuple[Reason, ...], policy: Policy) -> tuple[Reason, ...]:
    """Those of an order's contradictions that hold it under the policy."""
    return tuple(reason for reason in own if reason.code != MISSING or needs_place(policy)) if own else own


def needs_place(policy: Policy) -> bool:
    """Whether an invoice follows by itself, with taxes."""
    settings = policy.settings
    return settings["invoicing.trigger"].value != "manual" and not settings["invoicing.tax_exempt"].value


def may_pass(order: Order) -> bool:
    """Whether the state that the sender says is one that may pass; where it says none, it may."""
    if order.status is None or not order.status.strip():
        return True
    passing = _PASSING.get((order.source or "").lower(), _PASSING_ELSEWHERE)
    return _bare(order.status) in passing


def _bare(status: str) -> str:
    return re.sub(r"[\s-]+", "_", status.strip().lower().replace("é", "e"))


def compared_totals(
    order: Order, installation: Installation, known_province: str | None = None
) -> tuple[int, int] | None:
    """The order's own sum, in cents, and what its sender says; None where they can't be compared."""
    stated, place = order.stated_total, place_of_order(order, known_province, installation.province)
    if stated is None or (stated.taxes_included is not False and is_untold(order, place)):
        return None  # a place that is missing says so itself
    totals = totals_of(order, order.placed_at.astimezone(installation.zone).date(), place)
    sums = {True: [totals.total], False: [totals.before_taxes], None: [totals.total, totals.before_taxes]}
    own = min(sums[stated.taxes_included], key=lambda each: abs(each - stated.amount))
    return own, stated.amount


def _total_differs(own: int, stated: int) -> Reason:
    ours, theirs = money_text(own), money_text(stated)
    text = Text(
        f"Les lignes, les frais et les taxes font {ours.fr} ; l’expéditeur annonce {theirs.fr}.",
        f"Lines, charges and taxes come to {ours.en}; the sender says {theirs.en}.",
    )
    return _house("total_differs", "order.stated_total", text, {"total": dollars(own), "stated_total": dollars(stated)})


def _below_zero(worth: int) -> Reason:
    shown = money_text(worth)
    text = Text(
        f"Les rabais dépassent ce qui est commandé : {shown.fr} avant les taxes.",
        f"The discounts exceed what is ordered: {shown.en} before taxes.",
    )
    return _house(BELOW_ZERO, "order.charges", text, {"value": dollars(worth)})


def _sender_status(status: str) -> Reason:
    text = Text(
        f"L’expéditeur dit de cette commande : « {status} ». Elle ne passe pas dans cet état.",
        f"The sender says of this order: “{status}”. It may not pass in that state.",
    )
    if _bare(status) in _PARTLY_REFUNDED:
        text = Text(
            f"{text.fr} Le remboursement ne dit pas de quelles lignes il est : corrigez-les dans la boutique, ou acceptez "
            "la commande, puis créditez la facture de ce qui a été remboursé.",
            f"{text.en} The refund does not say which lines it is for: mend them in the shop, or accept the order and "
            "credit its invoice for what was refunded.",
        )
    return _house("sender_status", "order.status", text, {"status": status})


def _unknown_place(said: str | None) -> Reason:
    label = FACTS["province"].label
    if said is None:
        text = Text(
            f"La commande ne dit pas : {label.fr}. Les taxes en dépendent.",
            f"The order does not say: {label.en}. The taxes depend on it.",
        )
    else:
        text = Text(
            f"« {said} » n’est pas une province ou un pays connu. Les taxes en dépendent.",
            f"“{said}” is no province or country known here. The taxes depend on it.",
        )
    return _house(MISSING, "order.province", text, {"province": None})


def _unknown_group(group: str) -> Reason:
    text = Text(
        f"La commande nomme un groupe qui n’existe pas : « {group} ».",
        f"The order names a group that does not exist: “{group}”.",
    )
    return _house("unknown_group", "order.groups", text, {"groups": [group]})


def _not_in_currency(currency: str, expected: str) -> Reason:
    text = Text(
        f"La commande est en {currency} ; la maison vend en {expected}.",
        f"The order is in {currency}; the house sells in {expected}.",
    )
    return _house("currency", "order.currency", text, {"currency": currency})


def over_own_limit(policy: Policy, facts: Facts) -> tuple[Reason, ...]:
    """What the credit limit of a buyer who has one of their own gives to hold the order, where the policy gives none
    that it would take the place of."""
    if policy.settings[CREDIT_LIMIT].value is not None:
        return ()
    if facts.credit_available is None or facts.credit_available >= 0:
        return ()
    read = {name: fact_document(name, getattr(facts, name)) for name in CREDIT_FACTS}
    return (_house("credit_limit", "order.credit_limit", credit_text(facts), read),)


def _house(code: str, rule: str, message: Text, facts: dict[str, object]) -> Reason:
    return Reason(code, "hold", rule, message, (), facts)
