"""`houblon check`: whether an installation is what it says it is, from its files to its decisions."""

from collections.abc import Callable, Iterable

import msgspec
from sqlalchemy import Connection, select

from engine.problem import Invalid, Problem, problem, step
from engine.reference import difference
from orders.audit import verify
from orders.tables import decisions, invoices
from rules.checks import Premises, scenario_faults
from rules.content import KINDS, Content
from rules.inherit import resolve
from rules.schema import read_document
from rules.store import Store, UnknownVersion, content_hash
from web.composition import House


class Check(msgspec.Struct, frozen=True):
    """One question asked of the installation: how many things it looked at, and what is wrong."""

    name: str
    looked_at: int
    problems: tuple[Problem, ...]


class Report(msgspec.Struct, frozen=True):
    """Every check, and the head of the audit log to note elsewhere."""

    checks: tuple[Check, ...]
    audit_head: str

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for check in self.checks for problem in check.problems)


def check_installation(house: House, audit_head: str | None = None) -> Report:
    """Ask everything. `audit_head` is a head of the audit log that was noted earlier."""
    store, premises = house.store, house.premises
    newest = store.content(store.newest().number)
    with house.desk.ledger.reading() as connection:
        audited = verify(connection, audit_head)
        found = (
            _documents(store),
            _hashes(store),
            _audit(audited.count, audited.broken_at),
            _versions_of_decisions(connection, store),
            _numbers_of_invoices(connection),
            _reference(newest, premises, _chains(connection, newest)),
            Check("scenarios", len(newest.scenarios), tuple(scenario_faults(newest, premises))),
        )
    return Report(found, audited.head)


def _documents(store: Store) -> Check:
    """Every document of every version is read by its schema."""
    history, problems, count = store.history(), [], 0
    for (kind, id), rows in history.rows.items():
        for row in rows:
            if row["document"] is None:
                continue
            count += 1
            pointer = step("", "versions", row["version"], f"{kind}s", id)
            problems += _gathered(pointer, lambda: read_document(kind, row["document"]))  # noqa: B023
    return Check("schemas", count, tuple(problems))


def _hashes(store: Store) -> Check:
    """Every version holds what its hash says, and versions are numbered without a gap."""
    problems, versions = [], store.versions()
    for expected, version in enumerate(versions, 1):
        pointer = step("", "versions", version.number)
        if version.number != expected:
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
    for version, chain, policy_hash in connection.execute(select(*columns).distinct()):
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
    """Numbers run without a gap in each prefix and year."""
    series: dict[str, list[int]] = {}
    for (number,) in connection.execute(select(invoices.c.number)):
        head, _, tail = number.rpartition("-")
        series.setdefault(head, []).append(int(tail))
    problems = [
        problem("gap", step("/invoices", head), "Un numéro de facture manque.", "An invoice number is missing.")
        for head, numbers in series.items()
        if sorted(numbers) != list(range(1, len(numbers) + 1))
    ]
    return Check("invoices", sum(map(len, series.values())), tuple(problems))


def _chains(connection: Connection, newest: Content) -> set[tuple[str, ...]]:
    """The chains that orders were decided by, as far as their groups are still there."""
    found = {tuple(chain) for (chain,) in connection.execute(select(decisions.c.chain).distinct())}
    return {chain for chain in found if all(id in newest.groups for id in chain)}


def _reference(newest: Content, premises: Premises, decided: set[tuple[str, ...]]) -> Check:
    """The compiled policy of every chain answers as business-rules does on its boundary."""
    chains = decided.union(premises.chains(newest, newest.groups))
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


def _gathered(pointer: str, work: Callable[[], object]) -> Iterable[Problem]:
    try:
        work()
    except Invalid as invalid:
        return [each.under(pointer) for each in invalid.problems]
    return []
