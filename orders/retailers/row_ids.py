"""Whom a row of a membership file means: a retailer by the house's id, or by what a source calls them."""

from collections.abc import Collection, Iterable, Mapping

from houblon.engine.core.problem import Problem, problem
from houblon.engine.core.texts import is_id
from houblon.orders.csv_text import folded
from houblon.orders.retailers.names import HOUSE, BuyerIds, name_key, numbered_id

Found = tuple[str, tuple[str, str] | None, Problem | None]


class RowIds:
    """Every name that leads to a retailer, the sources whose buyers are their own, and the ids that are taken.

    It reads one file: what a row names is known to those after it.
    """

    def __init__(
        self,
        names: Mapping[tuple[str, str], BuyerIds],
        sources: Collection[str],
        taken: Collection[str] = (),
        cards: Iterable[tuple[str, str | None]] = (),
    ):
        self._names, self._sources, self._taken = dict(names), sources, set(taken)
        self._by_look: dict[str, set[str]] = {}
        for id, name in cards:
            for said in filter(None, (id, name)):
                self._by_look.setdefault(folded(said), set()).add(self._led(id))

    def of_row(self, id: str, source: str, called: str, known: Collection[str]) -> Found:
        """The retailer, by id, else by the name that one alone has; the source's name that is to be kept with one who is new; or what is wrong.

        Where a row has the house's id, that is who it is; a source's name beside it is kept with a new retailer.
        """
        if not id and source and called:
            return self._called(source, called)
        if not is_id(id):
            return "", None, _NO_RETAILER
        key = name_key(id)
        found = self._led(key)
        if found in known:
            return found, None, None
        # A name where the id belongs, or the id in capitals: who is there already must not be made twice.
        alike = self._by_look.get(folded(id), set())
        if len(alike) > 1:
            return "", None, _several_retailers(id)
        if alike:
            return min(alike), None, None
        is_new_name = is_id(called) and source in self._sources and (source, name_key(called)) not in self._names
        return self._new(found, (source, called) if is_new_name else None)

    def _led(self, id: str) -> str:
        leads = self._names.get((HOUSE, id))
        return leads.retailer if leads else id

    def _called(self, source: str, called: str) -> Found:
        if not is_id(called):
            return "", None, _NO_RETAILER
        if source not in self._sources:
            return "", None, _no_source(source)
        ids = self._names.get((source, name_key(called)))
        if ids is not None:
            return ids.retailer, None, None
        return self._new(numbered_id(source, called, self._taken.__contains__), (source, called))

    def _new(self, id: str, called: tuple[str, str] | None) -> Found:
        self._taken.add(id)
        if called is not None:
            source, name = called
            self._names[source, name_key(name)] = BuyerIds(id, id)
        return id, called, None


_NO_RETAILER = problem(
    "retailer",
    "/retailer",
    "Il n’y a pas d’identifiant de détaillant sur cette ligne, ou il ne s’affiche pas.",
    "There is no retailer's id on this line, or it can't be shown.",
)


def _several_retailers(name: str) -> Problem:
    shown = name[:60]
    return problem(
        "ambiguous_retailer",
        "/retailer",
        f"« {shown} » peut être plus d’un détaillant\u00a0: écrivez l’identifiant.",
        f"“{shown}” may be more than one retailer: write the id.",
    )


def _no_source(source: str) -> Problem:
    shown = source[:60]
    return problem(
        "unknown_source",
        "/source",
        f"Aucune source « {shown} » n’a d’acheteurs à elle\u00a0: nommez le détaillant par l’identifiant de la maison.",
        f"No source “{shown}” has buyers of its own: name the retailer by the house's id.",
    )
