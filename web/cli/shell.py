"""What every command of `houblon` shares: its options, its answers, its faults."""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import click
import msgspec

from houblon.engine.core.problem import Invalid, Problem, Text
from houblon.orders.db.migrate import NewerLedger
from houblon.orders.services import Conflict as OrderConflict
from houblon.rules.publishing.publish import Conflict
from houblon.rules.store.storage import StorageFault
from houblon.web.foundation.composition import House, open_house
from houblon.web.foundation.data_folder import NotInitialised
from houblon.web.foundation.opening import told_by
from houblon.web.foundation.settings import BadSetting, Settings

# What the server's log would say, a command says itself or not at all.
logging.getLogger("houblon").addHandler(logging.NullHandler())

data_option = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="The data folder (HOUBLON_DATA)."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


def speaks_problems(command: Callable[..., None]) -> Callable[..., None]:
    """Tell every refusal as Problems on stderr and leave with 1."""

    @wraps(command)
    def run(*arguments: Any, **named: Any) -> None:
        try:
            command(*arguments, **named)
        except Invalid as invalid:
            fail(invalid.problems)
        except (NotInitialised, StorageFault, BadSetting, NewerLedger, Conflict, OrderConflict) as fault:
            code = type(fault).__name__.lower()
            fail((Problem(code, "", Text(str(fault), str(fault))),))

    return run


def fail(problems: tuple[Problem, ...]) -> None:
    click.echo(json.dumps({"errors": [each.as_json() for each in problems]}, ensure_ascii=False, indent=2), err=True)
    sys.exit(1)


@contextmanager
def opened(data: Path | None, to_check: bool = False) -> Iterator[House]:
    settings = Settings.from_env(os.environ, data)
    with told_by(settings), closing(open_house(settings, to_check=to_check)) as house:
        yield house


def print_result(document: Any, as_json: bool, text: str) -> None:
    click.echo(msgspec.json.encode(document).decode() if as_json else text)
