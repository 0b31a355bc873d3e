"""Short names for the `ast` nodes that compiled conditions are made of."""

import ast


def name(identifier: str) -> ast.Name:
    return ast.Name(identifier, ast.Load())


def assign(identifier: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(identifier, ast.Store())], value)


def call(function: ast.expr, *arguments: ast.expr) -> ast.expr:
    return ast.Call(function, list(arguments), [])


def attribute(value: ast.expr, member: str) -> ast.expr:
    return ast.Attribute(value, member, ast.Load())


def compare(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
    return ast.Compare(left, [operator], [right])


def leave_when(test: ast.expr) -> ast.stmt:
    return ast.If(test, [ast.Return(call(name("otherwise"), name("facts")))], [])
