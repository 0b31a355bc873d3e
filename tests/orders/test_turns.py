"""Who waits for a turn has it next, however often another asks."""

import threading

from orders.turns import Turns


def test_one_that_asks_all_the_time_lets_another_have_its_turn(tmp_path):
    busy, rare = Turns(str(tmp_path / "ledger.db")), Turns(str(tmp_path / "ledger.db"))
    had, over, begun = [], threading.Event(), threading.Event()

    def hog():
        while not over.is_set():
            with busy.mine():
                had.append("busy")
                begun.set()

    hogging = threading.Thread(target=hog)
    hogging.start()
    begun.wait()
    between = []
    for _ in range(50):
        before = len(had)
        with rare.mine():
            between.append(len(had) - before)
    over.set()
    hogging.join()
    busy.close()
    rare.close()
    # The turn that is being had, and the one that may have been asked for at that very instant.
    assert sorted(between)[len(between) // 2] <= 2


def test_a_turn_is_nobody_s_while_it_is_had(tmp_path):
    turns = [Turns(str(tmp_path / "ledger.db")) for _ in range(4)]
    inside, most = [], []

    def have(mine):
        for _ in range(100):
            with mine.mine():
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    having = [threading.Thread(target=have, args=(each,)) for each in turns]
    for each in having:
        each.start()
    for each in having:
        each.join()
    for each in turns:
        each.close()
    assert max(most) == 1
