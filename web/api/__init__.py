"""`/api/v1`: decisions, policies, orders and invoices by key, one room a resource.

A new resource is a module with its operations, its shapes in `shapes.py`, and its name here.
"""

from web.api import decisions, groups, orders, proposals, versions
from web.api.blueprint import blueprint
from web.api.bodies import read_moment
from web.api.document import register
from web.api.groups import policy_document

__all__ = ["blueprint", "policy_document", "read_moment", "register"]

ROOMS = (decisions, groups, orders, proposals, versions)
