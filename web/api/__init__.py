"""`/api/v1`: decisions, policies, orders and invoices by key, one room a resource.

A new resource is a module with its operations, its shapes in `shapes.py`, and its name here.
"""

from houblon.web.api import (
    after_acceptance,
    decisions,
    events,
    groups,
    invoices,
    orders,
    proposals,
    refused_calls,
    simulations,
    versions,
)
from houblon.web.api.blueprint import blueprint
from houblon.web.api.bodies import read_moment
from houblon.web.api.document import register

__all__ = ["blueprint", "read_moment", "register"]

ROOMS = (after_acceptance, decisions, events, groups, invoices, orders, refused_calls, proposals, simulations, versions)
