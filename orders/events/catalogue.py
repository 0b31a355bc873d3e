"""The kinds of events: what other systems may be told, and hold as facts."""

# In the order in which an order meets them; docs/webhooks.md has an example of each.
EVENTS = (
    "order.accepted",
    "order.held",
    "order.refused",
    "order.changed",
    "order.rescheduled",
    "order.delivered",
    "order.cancelled",
    "invoice.issued",
    "invoice.viewed",
    "invoice.due_date_moved",
    "invoice.paid",
    "invoice.credited",
    "credit_note.issued",
    "credit_note.viewed",
    "policy.published",
)
# Those of a decision, by its outcome: such an event is told by the decision that is its fact.
DECIDED = frozenset(("order.accepted", "order.held", "order.refused"))
# Sent to one endpoint because somebody asked: it is no fact of the house.
TEST_EVENT = "endpoint.test"
