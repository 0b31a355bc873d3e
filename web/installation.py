"""A new installation: its folder, Tous with its defaults, the administrator, demonstration data."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files

from engine.problem import refuse
from orders import demo as demo_data
from orders.desk import Seller
from rules.publish import publish
from rules.statements import Edit
from web.acts import note_versions
from web.app import create_app
from web.auth import add_account
from web.composition import Profile, assemble, begin_folder, is_initialised, write_profile
from web.demonstration import demonstrate
from web.settings import Settings

AUTHOR = "houblon"


def initialise(settings: Settings, *, demo: bool, admin: str, now: datetime, tell: Callable[[str], None]) -> str:
    """Make the installation and return the administrator's password. Raises Invalid when there is one."""
    if is_initialised(settings.data):
        raise refuse(
            "exists",
            "",
            f"Une installation existe déjà dans {settings.data}.",
            f"There is an installation in {settings.data} already.",
        )
    profile = Profile(seller=demo_data.BREWERY if demo else Seller("Houblon"))
    begin_folder(settings.data)
    house = assemble(settings, profile, now=lambda: now)
    try:
        began = demo_data.began(now) if demo else now
        tous = json.loads(files("rules").joinpath("tous.json").read_text(encoding="utf-8"))
        edits = [Edit("group", "tous", tous)]
        publish(house.store, edits, author=AUTHOR, note="installation", at=began, base=0)
        if demo:
            demonstrate(house, now, tell)
        password = secrets.token_urlsafe(12)
        add_account(create_app(house), admin, password)
        note_versions(house, "shell")
    finally:
        house.close()
    write_profile(settings.data, profile)
    return password
