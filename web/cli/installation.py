"""A new installation: its folder, Tous with its defaults, the administrator, demonstration data.

The steps, of which any may be the last one before the power goes:
1. the folder is asked whether it, or the database, holds anything: if so, nothing is done;
2. `init.unfinished` is written, with the id that the installation will have;
3. the secret, the ledger (with the id, in the transaction that makes its tables), the rules, what is in them;
4. `installation.json` is written: **from here it is an installation**;
5. `init.unfinished` is removed.
Where step 1 finds `init.unfinished`, what is there was made by an `init` that did not end, as far as the ledger
has the same id or none and nothing in it. That is moved to `unfinished-<instant>`, and nothing is ever removed.
"""

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from typing import Literal

import msgspec

from houblon.engine.core.problem import refuse
from houblon.orders import demo_data
from houblon.orders.services import Seller
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from houblon.rules.store.documents import open_store
from houblon.rules.store.durable import replace_file, sync_folder
from houblon.web.access.audit import note_versions
from houblon.web.access.auth import add_account
from houblon.web.app.app import create_app
from houblon.web.cli.demonstration import demonstrate
from houblon.web.cli.unfinished import begin_ledger, put_aside
from houblon.web.foundation.composition import assemble
from houblon.web.foundation.data_folder import (
    HOUBLON,
    MARK,
    Profile,
    is_initialised,
    read_secret,
    what_is_left,
    write_profile,
    write_secret,
)
from houblon.web.foundation.file_modes import FOLDER, put_right
from houblon.web.foundation.settings import Settings

AUTHOR = "houblon"
# Said in the new installation's file, where it can be changed: buyers of whom nobody says a province.
HOME = "QC"


def initialise(
    settings: Settings,
    *,
    demo: bool,
    admin: str,
    now: datetime,
    progress: Callable[[str], None],
    receivables: Literal["houblon", "source"] = HOUBLON,
) -> str:
    """Make the installation and return the administrator's password. Raises Invalid where something is there."""
    if is_initialised(settings.data):
        raise refuse(
            "exists",
            "",
            f"Une installation existe déjà dans {settings.data}.",
            f"There is an installation in {settings.data} already.",
        )
    id = secrets.token_hex(16)
    _begin_folder(settings, id, now, progress)
    seller = demo_data.BREWERY if demo else Seller("Houblon")
    profile = Profile(seller=seller, id=id, province=HOME, receivables=receivables)
    ledger = begin_ledger(settings, id, now)
    house = assemble(settings, profile, read_secret(settings.data), open_store(settings.data), ledger, lambda: now)
    try:
        began = demo_data.began(now) if demo else now
        tous = json.loads(files("houblon.rules").joinpath("tous.json").read_text(encoding="utf-8"))
        edits = [Edit("group", "tous", tous)]
        publish(house.store, edits, author=AUTHOR, note="installation", at=began, base=0)
        if demo:
            demonstrate(house, now, progress)
        password = secrets.token_urlsafe(12)
        add_account(create_app(house), admin, password, "administrator")
        note_versions(house, "shell")
    finally:
        house.close()
    put_right(settings)
    write_profile(settings.data, profile)
    (settings.data / MARK).unlink()
    sync_folder(settings.data)
    return password


def _begin_folder(settings: Settings, id: str, now: datetime, progress: Callable[[str], None]) -> None:
    """Steps 1 and 2, and the secret. Raises Invalid."""
    folder = settings.data
    folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    if (folder / MARK).exists():
        aside = put_aside(settings, now)
        if aside is not None:
            progress(f"an init that did not end had left something: it is in {aside}")
    left = what_is_left(folder)
    if left:
        raise refuse(
            "holds_data",
            "",
            f"{folder} n’a pas d’installation.json, mais {' et '.join(left)} y est : rien n’a été touché. "
            f"« houblon restore SAUVEGARDE --data {folder} --replace » ramène l’installation; une nouvelle va dans un "
            "autre dossier.",
            f"{folder} has no installation.json, but {' and '.join(left)} is there: nothing was touched. "
            f"`houblon restore BACKUP --data {folder} --replace` brings the installation back; a new one goes into "
            "another folder.",
        )
    replace_file(folder / MARK, msgspec.json.encode({"id": id}))
    write_secret(folder)
