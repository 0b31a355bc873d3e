"""`/api/v1`: decisions, policies, orders and invoices by key, one room a resource.

A new resource is a module with its operations, its shapes there or in a module beside it, and its name here.
"""

from houblon.web.api import decisions, events, groups, orders, proofs, proposals, refused_calls, versions
from houblon.web.api.blueprint import blueprint
from houblon.web.api.connections import endpoints, mappings, sources
from houblon.web.api.document import register
from houblon.web.api.receivables import bank_files, disputes, exports, reminders, statements
from houblon.web.api.rooms import (
    after_acceptance,
    entered_orders,
    invoices,
    joining,
    messages,
    order_changes,
    order_lines,
    products,
    records,
    retailers,
)
from houblon.web.api.simulations import files, jobs

__all__ = ["blueprint", "register"]

ROOMS = (
    after_acceptance,
    bank_files,
    decisions,
    disputes,
    entered_orders,
    events,
    exports,
    groups,
    invoices,
    messages,
    order_changes,
    order_lines,
    orders,
    products,
    records,
    reminders,
    joining,
    retailers,
    statements,
    refused_calls,
    proofs,
    proposals,
    jobs,
    files,
    versions,
    endpoints,
    sources,
    mappings,
)
