"""The kinds of events: what other systems may be told, and hold as facts."""

# In the order in which an order meets them; docs/webhooks.md has an example of each.
EVENTS = (
    "order.accepted",
    "order.held",
    "order.refused",
    "order.changed",
    "order.change_held",
    "order.change_refused",
    "order.change_dismissed",
    "order.change_withdrawn",
    "order.rescheduled",
    "order.delivered",
    "order.cancelled",
    "order.undone",
    "invoice.issued",
    "invoice.viewed",
    "invoice.due_date_moved",
    "invoice.reminded",
    "invoice.disputed",
    "invoice.dispute_closed",
    "payment.recorded",
    "invoice.paid",
    "payment.reversed",
    "invoice.reopened",
    "invoice.credited",
    "credit_note.issued",
    "credit_note.viewed",
    "policy.published",
)
# Those of a decision, by its outcome: such an event is told by the decision that is its fact.
DECIDED = frozenset(("order.accepted", "order.held", "order.refused", "order.change_held", "order.change_refused"))
# Those of an entry of a payment, which is their fact.
ENTERED = frozenset(("payment.recorded", "payment.reversed"))
# Sent to one endpoint because somebody asked: it is no fact of the house.
TEST_EVENT = "endpoint.test"
