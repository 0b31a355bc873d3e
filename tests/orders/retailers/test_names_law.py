"""A law: whatever the order of calls and joins, each name of a source leads to exactly one retailer, and parting
restores."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.retailers.joins import join_retailers, part_retailer
from houblon.orders.retailers.memberships import memberships_of, set_memberships
from houblon.orders.retailers.names import find_ids
from tests.clock import NOW
from tests.orders.services import make_services, order_body, send

NAMES = [("boutique", "1"), ("boutique", "2"), ("resto", "1"), ("", "boutique-{}1"), ("", "d{}"), ("resto", "{}@X.ca")]
GROUPS = ("g1", "g2", "g3")
_place = st.integers(0, len(NAMES) - 1)
_act = st.one_of(
    st.tuples(st.just("order"), _place),
    st.tuples(st.just("join"), _place, _place),
    st.tuples(st.just("part"), _place),
)
_examples = count(1)


class World:
    """What should be: each name's own retailer, whom that is joined to, and the groups that it was put in."""

    def __init__(self, services, number, groups):
        self.services, self.number = services, number
        self.groups, self.own, self.above, self.sent = groups, {}, {}, {}

    def name(self, place):
        source, name = NAMES[place]
        return source, name.format(f"x{self.number}-") if "{}" in name else f"x{self.number}-{name}"

    def order(self, place):
        source, name = self.name(place)
        id = f"{self.number}-{len(self.sent)}"
        body = order_body(id, buyer={"id": name.upper() if "@" in name and len(self.sent) % 2 else name})
        send(self.services, body, source=source or "erp", buyer_source=source)
        if place not in self.own:
            own = self.ids(place).own
            if own not in self.own.values():
                self.put(own, self.groups[place])
            self.own[place] = own
        self.sent[id] = place

    def put(self, id, groups):
        self.services.ledger.write(lambda connection: set_memberships(connection, {id: groups}, NOW))

    def join(self, one, other):
        if not {one, other} <= self.own.keys():
            return
        joined, kept = self.own[one], self.own[other]
        is_refused = joined == kept or joined in self.above or kept in self.above
        try:
            self.services.ledger.write(lambda connection: join_retailers(connection, joined, kept, by="a", at=NOW))
            assert not is_refused
            self.above[joined] = kept
        except Invalid:
            assert is_refused

    def part(self, place):
        id = self.own.get(place)
        if id in self.above:
            self.services.ledger.write(lambda connection: part_retailer(connection, id, by="a", at=NOW))
            del self.above[id]

    def root(self, id):
        return self.root(self.above[id]) if id in self.above else id

    def ids(self, place):
        with self.services.ledger.reading() as connection:
            return find_ids(connection, *self.name(place))

    def check(self):
        for place, own in self.own.items():
            assert self.ids(place) == (own, self.root(own))
        with self.services.ledger.reading() as connection:
            rows = connection.execute(select(tables.orders).where(tables.orders.c.order_id.in_(list(self.sent))))
            for row in rows:
                own = self.own[self.sent[row.order_id]]
                assert row.retailer_id == self.root(own)
                assert row.own_retailer_id == (None if self.root(own) == own else own)
            said = {}
            for place, own in self.own.items():
                said.setdefault(own, self.groups[place])
            for root in {self.root(own) for own in self.own.values()}:
                wanted = {group for own, groups in said.items() if self.root(own) == root for group in groups}
                assert set(memberships_of(connection, root)) == wanted


@pytest.fixture(scope="module")
def law_services(tmp_path_factory):
    made = make_services(tmp_path_factory.mktemp("law"))
    yield made
    made.ledger.close()


@settings(max_examples=20, deadline=None)
@given(
    st.lists(_act, max_size=16),
    st.lists(st.sets(st.sampled_from(GROUPS)), min_size=len(NAMES), max_size=len(NAMES)),
)
def test_each_name_leads_to_one_retailer_and_parting_restores(law_services, acts, groups):
    world = World(law_services, next(_examples), [sorted(each) for each in groups])
    for act, *places in [*(("order", place) for place in range(3)), *acts]:
        getattr(world, act)(*places)
    world.check()
    for id in list(world.above):
        world.part(next(place for place, own in world.own.items() if own == id))
        world.check()
