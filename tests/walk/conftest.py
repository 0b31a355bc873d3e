"""The demonstration on SQLite and on PostgreSQL: made once a database, walked through as it stands, copied to be used."""

import pytest

from tests import databases
from tests.walk.houses import copied, furnish, install, served
from tests.walk.strolls import Stroll

KEPT_IN = [
    pytest.param("sqlite", marks=pytest.mark.xdist_group("walk-sqlite")),
    pytest.param("postgresql", marks=pytest.mark.xdist_group("walk-postgresql")),
]
_MOST = {"fr": 2, "en": 1}  # addresses of a shape


def pytest_generate_tests(metafunc):
    if "kept_in" in metafunc.fixturenames:
        metafunc.parametrize("kept_in", KEPT_IN, scope="session")


@pytest.fixture(scope="session")
def demonstration(kept_in, tmp_path_factory):
    """Made as `make run` makes it, lived in for a moment, at rest."""
    folder = tmp_path_factory.mktemp(f"marche-{kept_in}")
    environ = {databases.SETTING: databases.database("marche")} if kept_in == "postgresql" else {}
    made = install(folder / "data", environ)
    with served(made, folder / "meuble.log") as running:
        furnish(running)
        assert running.complaints() == []
    return made


@pytest.fixture(scope="session")
def running(demonstration, tmp_path_factory):
    with served(demonstration, tmp_path_factory.mktemp("marche") / "serveur.log") as running:
        yield running


@pytest.fixture(scope="session")
def spare(demonstration, kept_in, tmp_path_factory):
    """A copy of it, served: what happens to it nobody else sees."""
    folder = tmp_path_factory.mktemp("copie")
    environ = {databases.SETTING: databases.database("copie", "marche")} if kept_in == "postgresql" else {}
    with served(copied(demonstration, folder / "data", environ), folder / "serveur.log") as running:
        yield running


@pytest.fixture(scope="session")
def stroll(running):
    """Everybody's walk in both languages, a stranger's from the mails too: what was seen of the whole."""
    seen = Stroll(running.base, running.made.routes)
    for language, most in _MOST.items():
        stranger = running.visitor("stranger", language)
        starts = [f"{running.base}{each}" for each in ("/connexion", "/api/docs", "/healthz", "/readyz")]
        seen.walk(stranger, [*starts, *running.links_in_mails()], 2 * most)
    for who in running.visitors():
        # Who may see everything is led farthest, once.
        thorough = who.role == "administrator" and who.language == "fr"
        seen.walk(who, [f"{running.base}/"], _MOST[who.language] + 2 * thorough, thorough)
    return seen
