"""Decides what happens to an order. Pure: the same input gives the same answer, anywhere."""

from houblon.engine.conditions.compile import compile_rules
from houblon.engine.core.problem import Invalid, Problem

__all__ = ["Invalid", "Problem", "compile_rules"]
