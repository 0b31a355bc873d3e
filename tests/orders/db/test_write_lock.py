"""Who waits for a turn has it next, however often another asks."""

import fcntl
import threading
import time

from houblon.orders.db.write_lock import WriteLock
from tests.clock import Waiting


def test_one_that_asks_all_the_time_lets_another_have_its_turn(tmp_path):
    busy, rare = WriteLock(str(tmp_path / "ledger.db")), WriteLock(str(tmp_path / "ledger.db"))
    had, over, begun = [], threading.Event(), threading.Event()

    def hog():
        while not over.is_set():
            with busy.acquire():
                had.append("busy")
                begun.set()
                time.sleep(0.0005)

    hogging = threading.Thread(target=hog)
    hogging.start()
    begun.wait()
    between = []
    for _ in range(50):
        time.sleep(0.001)  # amid the turns of the other
        before = len(had)
        with rare.acquire():
            between.append(len(had) - before)
    over.set()
    hogging.join()
    busy.close()
    rare.close()
    # Amid a turn of the other, the next is ours; but for a machine that stopped us between the two lines.
    assert sorted(between)[len(between) // 2] == 0


def test_a_turn_is_nobody_s_while_it_is_had(tmp_path):
    lock = [WriteLock(str(tmp_path / "ledger.db")) for _ in range(4)]
    inside, most = [], []

    def have(acquire):
        for _ in range(25):
            with acquire.acquire():
                inside.append(1)
                time.sleep(0.001)  # let the others run: whoever is not kept out comes in
                most.append(len(inside))
                inside.pop()

    having = [threading.Thread(target=have, args=(each,)) for each in lock]
    for each in having:
        each.start()
    for each in having:
        each.join()
    for each in lock:
        each.close()
    assert max(most) == 1


def test_where_the_locks_can_t_be_opened_whoever_asks_goes_on(tmp_path):
    for name in ("next", "turn"):
        (tmp_path / f"ledger.db-{name}").mkdir()  # not to be opened by anybody, the administrator included
    lock = WriteLock(str(tmp_path / "ledger.db"))
    with lock.acquire():
        pass
    lock.close()


def test_nobody_waits_for_ever_for_one_that_was_stopped_while_it_was_next(tmp_path):
    WriteLock(str(tmp_path / "ledger.db")).close()
    with open(tmp_path / "ledger.db-next") as stopped:
        fcntl.flock(stopped, fcntl.LOCK_EX)
        clock = Waiting()
        other = WriteLock(str(tmp_path / "ledger.db"), 30.0, clock.seconds, clock.sleep)
        with other.acquire():
            assert 30 < clock.now < 31
        other.close()


def test_nobody_waits_for_ever_for_one_that_was_stopped_in_its_turn(tmp_path):
    clock = Waiting()
    stopped = WriteLock(str(tmp_path / "ledger.db"))
    other = WriteLock(str(tmp_path / "ledger.db"), 30.0, clock.seconds, clock.sleep)
    with stopped.acquire(), other.acquire():
        assert 30 < clock.now < 31
    with other.acquire():
        pass
    stopped.close()
    other.close()
