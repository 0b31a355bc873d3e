"""`houblon check`: whether an installation is what it says it is, from its files to its decisions."""

from collections.abc import Callable, Iterable

import msgspec
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from houblon.engine.core.problem import Invalid, Problem, problem, step
from houblon.engine.oracle.reference import difference
from houblon.orders.db.ledger import Ledger
from houblon.orders.db.ownership import known_versions
from houblon.orders.db.soundness import faults_in
from houblon.orders.db.tables import audit, decisions, invoices, metadata, orders, retailer_names, retailers
from houblon.orders.events.sound import count_events, unsound_events
from houblon.orders.invoicing.numbering import ACT as MOVED_ON
from houblon.orders.queries.seen_values import read_seen_values
from houblon.orders.queries.sums import sums_that_differ
from houblon.orders.records.audit import verify
from houblon.rules.checks.checks import CheckContext, scenario_faults
from houblon.rules.checks.idle_rules import idle_rules
from houblon.rules.model.content import KINDS, Content
from houblon.rules.model.guardrail import claims_nothing
from houblon.rules.model.inherit import resolve
from houblon.rules.model.schema import read_document
from houblon.rules.store.documents import Store, UnknownVersion, content_hash
from houblon.web.foundation.composition import House
from houblon.web.foundation.opening import lost


class Check(msgspec.Struct, frozen=True):
    """One question asked of the installation: how many things it looked at, what is wrong, what is worth a look."""

    name: str
    looked_at: int
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """Every check, and the head of the audit log to note elsewhere."""

    checks: tuple[Check, ...]
    audit_head: str

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for check in self.checks for problem in check.problems)


def check_installation(house: House, audit_head: str | None = None) -> Report:
    """Ask everything. `audit_head` is a head of the audit log that was noted earlier."""
    store = house.store
    database = _database(house.services.ledger)
    if database.problems:  # what is asked of a damaged database may be answered with anything
        return Report((database,), "")
    with house.services.ledger.reading() as connection:
        audited = verify(connection, audit_head)
        if not store.versions():  # nothing else can be asked of rules that are gone
            return Report((database, _rules_file(store), _versions_known(connection, store)), audited.head)
        check_context, newest = house.check_context, store.content(store.newest().number)
        found = (
            database,
            _rules_file(store),
            _versions_known(connection, store),
            _documents(store),
            _hashes(store),
            _audit(audited.count, audited.broken_at),
            _versions_of_decisions(connection, store),
            _numbers_of_invoices(connection),
            _events(connection),
            _names_of_retailers(connection),
            _sums(connection),
            _reference(newest, check_context, _chains(connection, newest)),
            _rules(connection, newest),
            Check("scenarios", len(newest.scenarios), tuple(scenario_faults(newest, check_context))),
        )
    return Report(found, audited.head)


def _database(ledger: Ledger) -> Check:
    """The database itself is sound: its pages, and that every reference leads somewhere."""
    faults: list[str] = []
    try:
        with ledger.reading() as connection:
            faults = faults_in(connection)
    except DBAPIError as fault:  # one so damaged that even the end of a transaction is refused
        faults = faults or [str(fault.orig)]
    problems = [
        problem(
            "database",
            "/ledger",
            f"Le registre est endommagé : {fault}. « houblon restore SAUVEGARDE --replace » en ramène un bon.",
            f"The ledger is damaged: {fault}. `houblon restore BACKUP --replace` brings a good one back.",
        )
        for fault in faults
    ]
    return Check("database", len(metadata.tables), tuple(problems))


def _events(connection: Connection) -> Check:
    """Each fact has its event, each event its fact."""
    problems = [
        problem(
            "event_missing" if each.is_missing else "event_without_fact",
            step("/events", each.kind, each.key),
            f"Le fait {each.key} n’a pas d’événement {each.kind}."
            if each.is_missing
            else f"L’événement {each.key} ({each.kind}) n’a pas de fait.",
            f"Fact {each.key} has no event {each.kind}."
            if each.is_missing
            else f"Event {each.key} ({each.kind}) has no fact.",
        )
        for each in unsound_events(connection)
    ]
    return Check("events", count_events(connection), tuple(problems))


def _rules_file(store: Store) -> Check:
    """The file of the rules and its twin are whole, and the same."""
    harm = store.storage.harm()
    if harm is None:
        return Check("rules_file", 2, ())
    fault = problem(
        "rules_file",
        "/rules.json",
        "Rien n’est perdu, mais rules.json ou son jumeau n’est pas entier : « houblon restore » les remet en état.",
        f"Nothing is lost, but {harm}: `houblon restore` puts it right.",
    )
    return Check("rules_file", 2, (fault,))


def _versions_known(connection: Connection, store: Store) -> Check:
    """Every version that the ledger knows is in the rules, or was given up."""
    problems = [
        problem(
            "rules_lost",
            step("/versions", each.number),
            f"Le registre connaît la version {each.number}, que rules.json n’a plus.",
            f"The ledger knows version {each.number}, which rules.json has no more.",
        )
        for each in lost(connection, store.history)
        if each.hash  # one that only a decision names is told below, with the decision
    ]
    return Check("stores", len(known_versions(connection)), tuple(problems))


def _documents(store: Store) -> Check:
    """Every document of every version is read by its schema."""
    history, count = store.history(), 0
    problems: list[Problem] = []
    for (kind, id), rows in history.rows.items():
        for row in rows:
            if row["document"] is None:
                continue
            count += 1
            if kind == "guardrail" and claims_nothing(row["document"]):
                continue
            pointer = step("", "versions", row["version"], f"{kind}s", id)
            problems += _gathered(pointer, lambda: read_document(kind, row["document"]))  # noqa: B023
    return Check("schemas", count, tuple(problems))


def _hashes(store: Store) -> Check:
    """Every version holds what its hash says, and versions are numbered without a gap."""
    problems, versions, history = [], store.versions(), store.history()
    given_up, last = {each.number for each in history.lost}, 0
    for version in versions:
        pointer = step("", "versions", version.number)
        skipped, last = set(range(last + 1, version.number)), version.number
        if not skipped <= given_up:
            problems.append(problem("gap", pointer, "Un numéro de version manque.", "A version number is missing."))
            break
        content = store.content(version.number)
        if content_hash({kind: content.documents(kind) for kind in KINDS}) != version.hash:
            problems.append(
                problem(
                    "hash", pointer, "Le contenu ne répond pas à son empreinte.", "The content does not match its hash."
                )
            )
    return Check("versions", len(versions), tuple(problems))


def _audit(count: int, broken_at: int | None) -> Check:
    if broken_at is None:
        return Check("audit", count, ())
    broken = problem(
        "audit_chain",
        step("/audit", broken_at),
        "Le journal ne se suit pas : une entrée a été changée ou retirée ici.",
        "The log does not follow: an entry was changed or removed here.",
    )
    return Check("audit", count, (broken,))


def _versions_of_decisions(connection: Connection, store: Store) -> Check:
    """Every stored decision names a version that is there, and the policy that it gives its chain."""
    columns = (decisions.c.version, decisions.c.chain, decisions.c.policy_hash)
    problems, count = [], 0
    given_up = {each.number for each in store.history().lost}
    for version, chain, policy_hash in connection.execute(select(*columns).distinct()):
        if version in given_up:  # the loss was named, and accepted
            continue
        count += 1
        pointer = step("/decisions", version, ">".join(chain))
        try:
            found = resolve(store.content(version), tuple(chain)).hash
        except (UnknownVersion, KeyError):
            problems.append(
                problem(
                    "version", pointer, "Cette version ou ce groupe n’existe pas.", "There is no such version or group."
                )
            )
            continue
        if found != policy_hash:
            problems.append(
                problem(
                    "policy_hash", pointer, "La politique n’est plus la même.", "The policy is not the same any more."
                )
            )
    return Check("decisions", count, tuple(problems))


def _numbers_of_invoices(connection: Connection) -> Check:
    """Numbers run without a gap in each prefix and year, but for what somebody moved the counter past."""
    series: dict[str, list[int]] = {}
    query = select(audit.c.subject, audit.c.after).where(audit.c.act == MOVED_ON)
    for name, after in connection.execute(query):
        series.setdefault(name, []).extend(range(after["first"], after["last"] + 1))
    skipped = sum(map(len, series.values()))
    for (number,) in connection.execute(select(invoices.c.number)):
        head, _, tail = number.rpartition("-")
        series.setdefault(head, []).append(int(tail))
    problems = [
        problem("gap", step("/invoices", head), "Un numéro de facture manque.", "An invoice number is missing.")
        for head, numbers in series.items()
        if sorted(numbers) != list(range(1, len(numbers) + 1))
    ]
    return Check("invoices", sum(map(len, series.values())) - skipped, tuple(problems))


def _names_of_retailers(connection: Connection) -> Check:
    """Each name and each order leads to who its own retailer is joined to in the end, or to that one itself."""
    above = dict(connection.execute(select(retailers.c.id, retailers.c.joined_to)).all())
    names = connection.execute(select(retailer_names)).all()
    problems = [
        problem(
            "name_astray",
            step("/names", each.source, each.name),
            "Ce nom ne mène pas au détaillant auquel le sien est joint.",
            "This name does not lead to the retailer that its own is joined to.",
        )
        for each in names
        if _root(above, each.own_id) != each.retailer_id
    ]
    pairs = select(orders.c.retailer_id, orders.c.own_retailer_id).distinct()
    problems += [
        problem(
            "order_astray",
            step("/retailers", row.own_retailer_id or row.retailer_id, "orders"),
            "Des commandes ne sont pas au détaillant auquel le leur est joint.",
            "Orders are not of the retailer that their own is joined to.",
        )
        for row in connection.execute(pairs)
        if _root(above, row.own_retailer_id or row.retailer_id) != row.retailer_id
    ]
    return Check("retailers", len(above), tuple(problems))


def _root(above: dict[str, str | None], id: str) -> str | None:
    """Who a retailer is in the end; None where joins go round in a circle or lead nowhere."""
    seen = set()
    while id in above and id not in seen:
        seen.add(id)
        higher = above[id]
        if higher is None:
            return id
        id = higher
    return None


def _sums(connection: Connection) -> Check:
    """Payments, credit notes, states and deliveries add up."""
    count: int = connection.execute(select(func.count()).select_from(invoices)).scalar_one()
    return Check("sums", count, tuple(sums_that_differ(connection)))


def _chains(connection: Connection, newest: Content) -> set[tuple[str, ...]]:
    """The chains that orders were decided by, as far as their groups are still there."""
    found = {tuple(chain) for (chain,) in connection.execute(select(decisions.c.chain).distinct())}
    return {chain for chain in found if all(id in newest.groups for id in chain)}


def _reference(newest: Content, check_context: CheckContext, decided: set[tuple[str, ...]]) -> Check:
    """The compiled policy of every chain answers as business-rules does on its boundary."""
    chains = decided.union(check_context.chains(newest, newest.groups))
    problems = []
    for chain in sorted(chains):
        if difference(resolve(newest, chain)) is not None:
            problems.append(
                problem(
                    "reference",
                    step("/policies", ">".join(chain)),
                    "La politique compilée diffère de la référence.",
                    "The compiled policy differs from the reference.",
                )
            )
    return Check("reference", len(chains), tuple(problems))


def _rules(connection: Connection, newest: Content) -> Check:
    """The rules in force say something: what they name is there, and they hold for some orders but not for all."""
    count = sum(len(group.rules) for group in newest.groups.values())
    return Check("rules", count, (), idle_rules(newest, read_seen_values(connection)))


def _gathered(pointer: str, work: Callable[[], object]) -> Iterable[Problem]:
    try:
        work()
    except Invalid as invalid:
        return [each.under(pointer) for each in invalid.problems]
    return []
