"""A look serves for two milliseconds, and never longer than until this process changes something."""

from houblon.rules.store.ttl_cache import LASTS, TtlCache


def test_one_look_serves_until_it_is_over_or_something_changed():
    clock, seen = [0.0], []

    def see():
        seen.append(clock[0])
        return len(seen)

    cache = TtlCache(see, lambda: clock[0])
    assert (cache(), cache()) == (1, 1)
    clock[0] = LASTS * 0.9
    assert cache() == 1
    clock[0] = LASTS
    assert cache() == 2
    cache.invalidate()
    assert cache() == 3 and seen == [0.0, LASTS, LASTS]


def test_what_was_seen_while_something_changed_serves_nobody_else():
    seen = []

    def see():
        if not seen:
            cache.invalidate()
        seen.append("look")
        return len(seen)

    cache = TtlCache(see, lambda: 0.0)
    assert (cache(), cache(), cache()) == (1, 2, 2)
