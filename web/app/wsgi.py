"""What the server runs: the app of the environment's settings, and its outbox worker."""

import gc
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable

from houblon.orders.handling.refusals import tell_of_refused
from houblon.orders.outbox.workers import DeliveryWorkers
from houblon.orders.reminders.remind import remind_due
from houblon.orders.reminders.renew import renew
from houblon.orders.waiting.ageing import tell_of_waits
from houblon.orders.waiting.work import decide_due
from houblon.simulation.jobs.jobs import FOLDER
from houblon.simulation.jobs.worker import run_forever
from houblon.web.acceleration.fast_path import is_for_later
from houblon.web.acceleration.supervisor import WriterProcess
from houblon.web.access.refused_people import team_of
from houblon.web.api.keys import may_send_long
from houblon.web.app.app import create_app
from houblon.web.app.buffering import Buffered
from houblon.web.app.middleware import is_signed_in
from houblon.web.app.serve import ADDRESS, STOPPING
from houblon.web.app.tracing import trace
from houblon.web.copies.rotation import settle_rotation
from houblon.web.drafts.live_preview import warm
from houblon.web.drafts.post_publication import settle
from houblon.web.foundation.composition import House, open_house
from houblon.web.foundation.file_modes import make_private
from houblon.web.foundation.heartbeat import Heartbeat
from houblon.web.foundation.logs import configure
from houblon.web.foundation.settings import Settings
from houblon.web.privacy.keeping import prune
from houblon.web.simulations.pages import bell_of
from houblon.web.telemetry.health import HEARTBEAT

log = logging.getLogger("houblon.outbox")
IDLE = 0.5  # seconds between looks at the outbox
refusals = logging.getLogger("houblon.refused_calls")
waits = logging.getLogger("houblon.waiting")
reminders = logging.getLogger("houblon.reminders")
prunings = logging.getLogger("houblon.retention")
PRUNE_AFTER, PRUNE_EVERY = 20.0, 3600.0  # seconds
AGES_EVERY = 30.0  # seconds between looks at how long orders wait
REMIND_EVERY = 30.0  # seconds between looks at whether buyers have to be reminded
TELL_EVERY = 30.0  # seconds between looks at what was refused
PAUSE = 0.5  # seconds between messages under load


def _deliver_for_ever(house: House, heartbeat: Heartbeat) -> None:
    workers = DeliveryWorkers(house.services.ledger, house.transport_of, house.now, lambda: _give_way(house))
    followed = None
    while True:
        heartbeat.beat()
        try:
            # Unless somebody changed the rules, or something is due, one look at the file is all.
            history = house.store.history()
            due = history.next_due
            if history is not followed or (due is not None and due <= house.now()):
                followed = settle(house, "")
            workers.look()
        except Exception:
            log.exception("the outbox could not be read; trying again")
        time.sleep(IDLE)


def _give_way(house: House) -> None:
    """Orders come first: under load, a message leaves only so often, and the rest when the orders have passed."""
    if house.writer.is_busy:
        time.sleep(PAUSE)


def _announce(address: str) -> None:
    """Say that requests are answered, once a connection is."""
    served.is_running.wait()
    host, _, port = address.rpartition(":")
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=1).close()
            break
        except OSError:
            time.sleep(0.05)
    print(f"listening on http://{'localhost' if host == '127.0.0.1' else host}:{port}", flush=True)


def _leave_interrupts_to_the_server() -> None:
    """An interrupt from the keyboard reaches the worker too; ended by it and by the server at once, it would hang.
    A hang-up that means a rotated log may reach every process, and ends none.

    Before any thread is started, for threads are born with what their maker does not listen to.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})


def _end_with_the_server() -> None:
    """A worker whose server was killed would answer on, and hold the port against the next one."""
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOPPING)
        os._exit(1)


def _prune_for_ever(house: House) -> None:
    """What is old enough goes, a little after the start and then every hour."""
    while True:
        time.sleep(PRUNE_AFTER)
        try:
            prune(house)
        except Exception:
            prunings.exception("what is old could not be removed; trying again")
        time.sleep(PRUNE_EVERY)


def _tell_of_refused_for_ever(house: House) -> None:
    """What was refused since the team was told last is told when the hour is over."""
    while True:
        time.sleep(TELL_EVERY)
        try:
            tell_of_refused(house.services, team_of(house), house.now())
        except Exception:
            refusals.exception("the team could not be told of refused calls; trying again")


def _see_to_what_waits_for_ever(house: House) -> None:
    """Held orders are decided again when what held them may have changed; the team is told of those that wait long."""
    looked_at = -AGES_EVERY
    while True:
        try:
            decide_due(house.services, house.now, lambda: _give_way(house))
            if time.monotonic() >= looked_at + AGES_EVERY:
                looked_at = time.monotonic()
                tell_of_waits(house.services, house.now())
        except Exception:
            waits.exception("held orders could not be decided again; trying again")
        time.sleep(IDLE)


def _remind_for_ever(house: House) -> None:
    """What waits is brought up to what is owed by now, and in the daytime what is due is written."""
    while True:
        time.sleep(REMIND_EVERY)
        try:
            renew(house.services, house.now())
            remind_due(house.services, house.now())
        except Exception:
            reminders.exception("buyers could not be reminded; trying again")


def _start(work: Callable[..., None], *arguments: object, **named: object) -> None:
    threading.Thread(target=work, args=arguments, kwargs=named, name=work.__name__, daemon=True).start()


_leave_interrupts_to_the_server()
make_private()
configure()
_settings = Settings.from_env(os.environ)
_house = open_house(_settings, writer=WriterProcess(_settings) if _settings.may_have_writer_process else None)
settle_rotation(_house)
app = create_app(_house)
# All of it stays as long as the process: no page waits while it is looked through for garbage.
gc.freeze()
gc.enable()
app.extensions[HEARTBEAT] = _heartbeat = Heartbeat()
trace(app, _house.services.ledger, _settings)
served = Buffered(
    app,
    _settings.threads,
    lambda environ: is_signed_in(app, environ) or may_send_long(_house, environ),
    lambda environ: is_for_later(_house, environ),
)
_start(_end_with_the_server)
_start(_deliver_for_ever, _house, _heartbeat)
_start(
    run_forever,
    lambda: _house.services,
    _house.settings.data / FOLDER,
    _house.now,
    bell_of(app),
    days=_settings.keep.simulations,
)
_start(_prune_for_ever, _house)
_start(_tell_of_refused_for_ever, _house)
_start(_see_to_what_waits_for_ever, _house)
_start(_remind_for_ever, _house)
_start(warm, app, _house)
if ADDRESS in os.environ:
    _start(_announce, os.environ[ADDRESS])
