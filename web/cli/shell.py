"""What every command of `houblon` shares: its options, its answers, its faults."""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, overload

import click
import msgspec

from houblon.engine.core.moments import read_moment
from houblon.engine.core.problem import Invalid, Problem, refuse
from houblon.engine.core.texts import clean_id
from houblon.web.foundation.composition import House, open_house
from houblon.web.foundation.file_modes import given_back
from houblon.web.foundation.opening import told_by
from houblon.web.foundation.settings import BadSetting, Settings, folder_of, warnings
from houblon.web.telemetry import faults

# What the server's log would say, a command says itself or not at all.
logging.getLogger("houblon").addHandler(logging.NullHandler())

data_option = click.option(
    # Whether it can be read is found out by reading it, and told as a Problem.
    "--data",
    type=click.Path(path_type=Path, file_okay=False, readable=False),
    help="The data folder (HOUBLON_DATA).",
)
while_running_option = click.option(
    "--while-running",
    is_flag=True,
    help="Bring the ledger's schema up to date although another process has it open.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
limit_option = click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
retailer_argument = click.argument("id", callback=lambda _, __, typed: clean_id(typed) or typed)


def before_option(of: str) -> Callable[[Any], Any]:
    """Where a list of `of` by falling key goes on."""
    return click.option("--before", type=click.IntRange(min=1), help=f"Those before the {of} of this key.")


def speaks_problems(command: Callable[..., None]) -> Callable[..., None]:
    """Tell every refusal, Houblon's or the machine's, as Problems on stderr and leave with 1.

    What root makes in a folder of somebody else's is theirs afterwards.
    """

    @wraps(command)
    def run(*arguments: Any, **named: Any) -> None:
        folders = _folders(named)
        try:
            with given_back(folders):
                command(*arguments, **named)
            _deliver()
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except Exception as fault:
            if faults.is_nobody_listening(fault):
                raise
            _print_fault(fault, folders[0])

    return click.option("--debug", is_flag=True, expose_value=False, callback=_debug, help="Tell where it failed.")(run)


def _deliver() -> None:
    """Write out what was printed while there is somebody to tell if it can't be. Raises OSError."""
    try:
        sys.stdout.flush()
    except OSError:
        # Python tries again as it ends, and would leave with a status of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _folders(named: dict[str, Any]) -> tuple[Path, ...]:
    """The folders that a command may write to: the installation's, and one that it is told to make."""
    into = named.get("into")
    return (named.get("data") or _folder_said(), *([into] if into else []))


def _folder_said() -> Path:
    try:
        return folder_of(os.environ)
    except BadSetting:
        return Path("data")  # for now: the command itself refuses


def _debug(context: click.Context, _: click.Parameter, is_wanted: bool) -> None:
    context.meta["houblon.debug"] = is_wanted


def _print_fault(fault: Exception, folder: Path) -> None:
    if not faults.is_expected(fault):
        faults.keep(fault, folder)
    if click.get_current_context().meta.get("houblon.debug"):
        click.echo(faults.traceback_of(fault), err=True)
    fail(faults.problems_of(fault))


def fail(problems: tuple[Problem, ...]) -> None:
    click.echo(json.dumps({"errors": [each.as_json() for each in problems]}, ensure_ascii=False, indent=2), err=True)
    sys.exit(1)


def tell_unknown() -> None:
    """A warning for each name in the environment that is no setting."""
    for line in warnings(os.environ):
        click.echo(line, err=True)


def settings_of(data: Path | None) -> Settings:
    """The settings in force, after a warning for each name in the environment that is none. Raises BadSetting."""
    tell_unknown()
    return Settings.from_env(os.environ, data)


@contextmanager
def opened(data: Path | None, to_check: bool = False) -> Iterator[House]:
    with opened_by(settings_of(data), to_check) as house:
        yield house


@contextmanager
def opened_by(settings: Settings, to_check: bool = False) -> Iterator[House]:
    """The installation of settings that were read already."""
    with told_by(settings), closing(open_house(settings, to_check=to_check)) as house:
        yield house


@overload
def moment(text: str, pointer: str) -> datetime: ...
@overload
def moment(text: str | None, pointer: str) -> datetime | None: ...
def moment(text: str | None, pointer: str) -> datetime | None:
    """The instant that an option or argument names, if any. Raises Invalid, at the pointer."""
    try:
        return None if text is None else read_moment(text)
    except Invalid as invalid:
        raise Invalid(each.under(pointer) for each in invalid.problems) from None


def check_stretch(since: datetime | None, until: datetime | None) -> None:
    """Raises Invalid for a stretch of time that ends before it begins: nothing can be in it."""
    if since is not None and until is not None and until <= since:
        raise refuse("range", "/to", "La fin doit venir après le début.", "The end must come after the beginning.")


def is_at_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def print_result(document: Any, as_json: bool, text: str, err: bool = False) -> None:
    click.echo(msgspec.json.encode(document).decode() if as_json else text, err=err)
