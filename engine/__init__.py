"""Decides what happens to an order. Pure: the same input gives the same answer, anywhere."""

from engine.compile import compile_rules
from engine.problem import Invalid, Problem

__all__ = ["Invalid", "Problem", "compile_rules"]
