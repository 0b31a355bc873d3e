"""Random histories of drafts, imports, plans, moves and kills by several people, beside a model in dictionaries."""

import random
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from houblon.engine.core.order import order_of
from houblon.engine.core.problem import Invalid
from houblon.engine.decide.evaluate import Installation, decide
from houblon.orders.db.ledger import Ledger
from houblon.orders.retailers.brought import brought_through, everyone, keep_brought
from houblon.orders.retailers.memberships import all_memberships, set_memberships
from houblon.rules.checks.checks import CheckContext
from houblon.rules.exchange.rule_list import read_import
from houblon.rules.model.inherit import buyer_chain
from houblon.rules.model.statements import ABSENT, Edit, Statement
from houblon.rules.policies import Policies
from houblon.rules.publishing.drafts import MINE, THEIRS, begin, resolve, revise
from houblon.rules.publishing.publish import publish, publish_proposal
from houblon.rules.publishing.schedule import schedule, withdraw
from houblon.rules.store.documents import Store
from houblon.rules.store.storage import StorageFault
from tests.clock import START
from tests.orders.retailers.dictionary_model import RANKS, Model, Place
from tests.rules.documents import group, hold, tous

BUYERS = [f"b{number:02}" for number in range(50)]
ORDERS = {
    buyer: order_of(
        {
            "id": buyer,
            "placed_at": "2021-05-12T09:30:00-04:00",
            "buyer": {"id": buyer},
            "lines": [{"sku": "A", "quantity": 4 + place, "unit_price": "5.00"}],
        }
    )
    for place, buyer in enumerate(BUYERS)
}
ITEMS = "acceptance.minimum_items"
GROUPS = ("tous", *RANKS)


class Disk:
    """Syncs nothing, and fails on demand: the write that it fails is one that a kill cut off."""

    def __init__(self) -> None:
        self.left: int | None = None

    def __call__(self, handle: int) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise OSError(28, "no space left")


def play(folder: Path, empty: Path, seed: int, acts: int) -> None:
    """One history of so many acts in a folder of its own, over a copy of the `empty` ledger. Raises AssertionError."""
    shutil.copy(empty, folder / "ledger.db")
    ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}")
    try:
        History(folder, ledger, seed).play(acts)
    finally:
        ledger.close()


class History:
    """One installation with two servers, and the model of it."""

    def __init__(self, folder: Path, ledger: Ledger, seed: int):
        self.chance, self.folder, self.ledger = random.Random(seed), folder, ledger
        self.disk, self.now, self.model, self.count = Disk(), START + timedelta(days=1), Model(), 0
        first = Store(folder, self.disk)
        documents = [tous(acceptance_mode="automatic", acceptance_minimum_value=None, acceptance_minimum_items=24)]
        documents += [group(id, rank) for id, rank in RANKS.items()]
        publish(first, [Edit("group", each["id"], each) for each in documents], author="x", note="", at=START)
        self.servers = [self.open(), self.open()]

    def open(self) -> Policies:
        store = Store(self.folder, self.disk)

        def context() -> CheckContext:
            with self.ledger.reading() as connection:
                history = store.history()
                return CheckContext(memberships=everyone(connection, history), through=history.number)

        return Policies(store, context)

    @property
    def server(self) -> Policies:
        return self.chance.choice(self.servers)

    def play(self, count: int) -> None:
        acts = [self.write, self.write, self.publish, self.plan, self.withdraw, self.wait, self.move, self.settle]
        for _ in range(count):
            self.chance.choice([*acts, self.write, self.publish, self.plan, self.kill, self.cut])()
            self.compare()
        for _ in range(2):
            self.wait()
            self.compare()

    # what people do

    def write(self) -> None:
        """A draft: settings, an imported list, memberships, or all of it."""
        self.count += 1
        id, policies, wanted = f"d{self.count}", self.server, dict[Place, Any]()
        said, moved, edits = [], {}, ()
        for _ in range(self.chance.randint(1, 2)):
            place = self.chance.choice(GROUPS)
            value = self.chance.choice([6, 12, 24, 36] if place == "tous" else [6, 12, 24, None])
            said.append(Statement("group", place, ITEMS, ABSENT if value is None else value))
            wanted["minimum", place] = value
        if self.chance.random() < 0.4:
            place, reason = self.chance.choice(GROUPS), f"r{self.count}"
            rule = hold(reason, 0)
            history = policies.store.history()
            rules = [{name: rule[name] for name in ("conditions", "actions")}]
            edits = read_import(rules, place, history.content(history.number), history.rule_ids_taken()).edits
            wanted, said = {("rule", place, reason): True}, []
        if self.chance.random() < 0.4:
            moved = {buyer: self.groups() for buyer in self.chance.sample(BUYERS[:12], 2)}
            wanted |= {("member", buyer): groups or None for buyer, groups in moved.items()}
        kept = policies.check_context().memberships
        made = begin(policies.store, id, by="x", at=self.now, edits=edits, memberships=moved, kept=kept)
        if said:
            revise(policies.store, made.id, said, by="x", at=self.now)
        self.model.begin(id, wanted)

    def publish(self) -> None:
        draft = self.some("open")
        if draft is None:
            return
        policies, refusal = self.server, self.model.refusal(draft)
        context = policies.check_context()
        try:
            publish_proposal(policies.store, draft.id, by="x", at=self.now, check_context=context)
        except Invalid as invalid:
            codes = {problem.code for problem in invalid.problems}
            found = "empty" if codes == {"empty"} else {_place(problem.pointer) for problem in invalid.problems}
            assert refusal == found, draft.id
            if refusal != "empty" and self.chance.random() < 0.7:
                self.resolve(policies, draft)
            return
        assert refusal is None, (draft.id, refusal)
        self.model.release(draft)

    def resolve(self, policies: Policies, draft: Any) -> None:
        mine = {place for place in draft.conflicts(self.model.state) if self.chance.random() < 0.5}
        choices = {
            (("membership", place[1], "") if place[0] == "member" else ("group", place[1], ITEMS)): MINE
            if place in mine
            else THEIRS
            for place in draft.conflicts(self.model.state)
        }
        kept = policies.check_context().memberships
        resolve(policies.store, draft.id, choices, by="x", at=self.now, kept=kept)
        self.model.settle(draft, mine)

    def plan(self) -> None:
        draft = self.some("open")
        if draft is None:
            return
        moment = self.now + timedelta(hours=self.chance.randint(1, 96))
        until = moment + timedelta(hours=self.chance.randint(1, 96)) if self.chance.random() < 0.5 else None
        if f"fin-de-{draft.id}" in self.model.drafts:
            until = None
        policies, done = self.server, True
        options = {"until": until, "check_context": policies.check_context()}
        try:
            schedule(policies.store, draft.id, effective_from=moment, by="x", at=self.now, **options)
        except Invalid:
            done = False
        assert done == self.model.schedule(draft, moment, until), draft.id

    def withdraw(self) -> None:
        draft = self.some("scheduled")
        if draft is not None:
            policies = self.server
            withdraw(policies.store, draft.id, at=self.now, check_context=policies.check_context())
            self.model.withdraw(draft)

    def wait(self) -> None:
        self.now += timedelta(hours=self.chance.randint(1, 72))
        self.model.promote(self.now)

    def move(self) -> None:
        """Somebody moves a retailer by a page: it counts at once."""
        buyer, groups, history = self.chance.choice(BUYERS[:12]), self.groups(), self.server.store.history()

        def work(connection: Any) -> None:
            keep_brought(connection, history, self.now)
            set_memberships(connection, {buyer: groups}, self.now)

        self.ledger.write(work)
        self.model.state["member", buyer] = groups or None

    # what befalls the machine

    def settle(self) -> None:
        history = self.server.store.history()
        self.ledger.write(lambda connection: keep_brought(connection, history, self.now))

    def kill(self) -> None:
        """A server is killed, whatever it still had to do, and comes up again."""
        self.servers[self.chance.randrange(2)] = self.open()

    def cut(self) -> None:
        """A write of the rules is cut off: nothing of it is there."""
        draft = self.some("open")
        if draft is None or self.model.refusal(draft):
            return
        policies = self.server
        context, self.disk.left = policies.check_context(), self.chance.randint(0, 1)
        try:
            publish_proposal(policies.store, draft.id, by="x", at=self.now, check_context=context)
        except StorageFault:
            self.kill()
        finally:
            self.disk.left = None
        if self.servers[0].store.history().proposals[draft.id].state == "published":
            self.model.release(draft)

    # what must be so

    def compare(self) -> None:
        policies = self.server
        policies.live(self.now)
        with self.ledger.reading() as connection:
            kept, through = all_memberships(connection), brought_through(connection)
        for buyer, order in ORDERS.items():
            content, groups = policies.live_for(self.now, buyer, kept.get(buyer, ()), through)
            chain, unknown = buyer_chain(content, order.buyer, groups)
            decision = decide(
                order,
                policies.policy_in(content, chain),
                accepted_at=self.now,
                cycle=None,
                installation=Installation(_ZONE),
                unknown_groups=unknown,
            )
            codes = {reason.code for reason in decision.reasons if reason.effect == "hold"}
            assert codes == self.model.expected(buyer, order.lines[0].quantity), (buyer, self.now)
        history = policies.store.history()
        for id, draft in self.model.drafts.items():
            found = history.proposals[id]
            told = [notice.code for notice in found.notices]
            assert (found.state, told) == (draft.state, draft.notices), (id, found.state, told)
        stated = [id for each in history.content(history.number).groups.values() for id in each.rules]
        assert len(stated) == len(set(stated)), "an override that nobody stated"

    def some(self, state: str) -> Any:
        found = [each for each in self.model.drafts.values() if each.state == state]
        return self.chance.choice(found) if found else None

    def groups(self) -> tuple[str, ...]:
        return tuple(sorted(self.chance.sample(sorted(RANKS), self.chance.randint(0, 2))))


def _place(pointer: str) -> Place:
    parts = pointer.split("/")
    return ("member", parts[2]) if parts[1] == "memberships" else ("minimum", parts[2])


_ZONE = ZoneInfo("America/Toronto")
