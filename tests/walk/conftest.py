"""The demonstration on SQLite and on PostgreSQL: made once a database, walked through as it stands, copied to be used."""

import pytest

from tests import databases
from tests.walk.houses import copied, furnish, install, served
from tests.walk.strolls import Stroll

KEPT_IN = [
    pytest.param("sqlite", marks=pytest.mark.xdist_group("walk-sqlite")),
    pytest.param("postgresql", marks=pytest.mark.xdist_group("walk-postgresql")),
]
# How many addresses of a shape everybody opens in each language, 0 being one of a view. What differs between databases
# is what views ask of them: on PostgreSQL one of each is enough but for who sees everything.
_MOST = {"sqlite": {"fr": 2, "en": 0}, "postgresql": {"fr": 0, "en": 0}}


# What a browser complains of and what a button does is asked on PostgreSQL by `make test-postgresql`, for its time.
_ON_DEMAND = ("tests.walk.test_console", "tests.walk.test_presses")


def pytest_generate_tests(metafunc):
    if "kept_in" in metafunc.fixturenames:
        short = metafunc.module.__name__ in _ON_DEMAND and not databases.EVERYWHERE
        metafunc.parametrize("kept_in", KEPT_IN[:1] if short else KEPT_IN, scope="session")


@pytest.fixture(scope="session")
def demonstrations(kept_in, tmp_path_factory):
    """Made as `make run` makes it and lived in for a moment: one that stays as it is, and a copy to be used up."""
    folder = tmp_path_factory.mktemp(f"marche-{kept_in}")
    on_postgresql = kept_in == "postgresql"
    made = install(folder / "data", {databases.SETTING: databases.database("marche")} if on_postgresql else {})
    with served(made, folder / "meuble.log") as running:
        furnish(running)
        assert running.complaints() == []
    environ = {databases.SETTING: databases.database("copie", "marche")} if on_postgresql else {}
    return made, copied(made, folder / "copie", environ)


@pytest.fixture(scope="session")
def running(demonstrations, tmp_path_factory):
    with served(demonstrations[0], tmp_path_factory.mktemp("marche") / "serveur.log") as running:
        yield running


@pytest.fixture(scope="session")
def spare(demonstrations, tmp_path_factory):
    """A copy of it, served: what happens to it nobody else sees."""
    with served(demonstrations[1], tmp_path_factory.mktemp("copie") / "serveur.log") as running:
        yield running


@pytest.fixture(scope="session")
def stroll(running, kept_in):
    """Everybody's walk in both languages, a stranger's from the mails too: what was seen of the whole."""
    seen = Stroll(running.base, running.made.routes)
    for language, most in _MOST[kept_in].items():
        stranger = running.visitor("stranger", language)
        starts = [f"{running.base}{each}" for each in ("/connexion", "/api/docs", "/healthz", "/readyz")]
        seen.walk(stranger, [*starts, *running.links_in_mails()], most + 1)
    for who in running.visitors():
        # Who may see everything is led farthest, once.
        thorough = who.role == "administrator" and who.language == "fr"
        most = 4 if thorough else _MOST[kept_in][who.language]
        seen.walk(who, [f"{running.base}/"], most, thorough)
    return seen
