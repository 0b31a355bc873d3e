"""One order's facts, told to the prover's formulas, so that both can be asked the same of it."""

from typing import Any

import z3

from houblon.engine.conditions.targets.logic import Symbols
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.order import Facts
from houblon.engine.proofs.texts import holds_of


def pinned(symbols: Symbols, facts: Facts) -> list[Any]:
    """That every variable is what the facts say."""
    found = []
    for name, fact in FACTS.items():
        value = getattr(facts, name)
        if name in symbols.known:
            found.append(symbols.known[name] if value is not None else z3.Not(symbols.known[name]))
        if value is None:
            continue
        if fact.kind is Kind.NUMERIC:
            found.append(symbols.numbers[name] == value)
        elif fact.kind is Kind.BOOLEAN:
            found.append(symbols.flags[name] == value)
        elif fact.kind is Kind.STRING:
            found += [flag == holds_of(test, value) for test, flag in symbols.texts.get(name, {}).items()]
        else:
            held = {value.lower()} if fact.kind is Kind.SELECT else {each.lower() for each in value}
            found += [option == (said in held) for said, option in symbols.options[name].items()]
            if name in symbols.others:
                found.append(symbols.others[name] == bool(held - set(symbols.options[name])))
    return found
