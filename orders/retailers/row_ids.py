"""Whom a row of a membership file means: a retailer by the house's id, or by what a source calls them."""

from collections.abc import Collection, Mapping

import msgspec

from houblon.engine.core.problem import Problem, problem
from houblon.engine.core.texts import MAX_ID, is_id
from houblon.orders.retailers.names import HOUSE, BuyerIds, id_of_name, name_key

Found = tuple[str, tuple[str, str] | None, Problem | None]


class RowIds(msgspec.Struct, frozen=True):
    """Every name that leads to a retailer, and the sources whose buyers are their own."""

    names: Mapping[tuple[str, str], BuyerIds]
    sources: Collection[str]

    def of_row(self, id: str, source: str, called: str, known: Collection[str]) -> Found:
        """The retailer; the source's name that is to be kept with one who is new; or what is wrong.

        Where a row has the house's id, that is who it is; a source's name beside it is kept with a new retailer.
        """
        if not id and source and called:
            return self._called(source, called, known)
        if not is_id(id):
            return "", None, _NO_RETAILER
        key = name_key(id)
        leads = self.names.get((HOUSE, key))
        found = leads.retailer if leads else key
        is_new_name = is_id(called) and source in self.sources and (source, name_key(called)) not in self.names
        return found, (source, called) if is_new_name and found not in known else None, None

    def _called(self, source: str, called: str, known: Collection[str]) -> Found:
        if not is_id(called):
            return "", None, _NO_RETAILER
        if source not in self.sources:
            return "", None, _no_source(source)
        ids = self.names.get((source, name_key(called)))
        if ids is not None:
            return ids.retailer, None, None
        return _free(source, called, known), (source, called), None


def _free(source: str, called: str, known: Collection[str]) -> str:
    """As `names.free_id`, among the retailers that are known."""
    wanted, number = id_of_name(source, name_key(called)), 1
    id = wanted
    while id in known:
        number += 1
        id = f"{wanted[: MAX_ID - len(str(number)) - 1].rstrip()}-{number}"
    return id


_NO_RETAILER = problem(
    "retailer",
    "/retailer",
    "Il n’y a pas d’identifiant de détaillant sur cette ligne, ou il ne s’affiche pas.",
    "There is no retailer's id on this line, or it can't be shown.",
)


def _no_source(source: str) -> Problem:
    shown = source[:60]
    return problem(
        "unknown_source",
        "/source",
        f"Aucune source « {shown} » n’a d’acheteurs à elle\u00a0: nommez le détaillant par l’identifiant de la maison.",
        f"No source “{shown}” has buyers of its own: name the retailer by the house's id.",
    )
