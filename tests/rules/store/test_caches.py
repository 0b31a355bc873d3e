"""A look serves for two milliseconds; the last answers are kept; neither outlives what it was read from."""

import pytest

from houblon.rules.store.caches import LASTS, LruCache, TtlCache


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


def test_the_last_answers_are_kept_and_what_was_asked_for_longest_ago_is_made_anew():
    cache, made = LruCache(2), []

    def answer(key):
        return cache.get(key, lambda: made.append(key) or key.upper())

    assert [answer(key) for key in "abab"] == ["A", "B", "A", "B"]
    assert (answer("a"), answer("c"), answer("a"), answer("b")) == ("A", "C", "A", "B")
    assert made == ["a", "b", "c", "b"]


def test_what_could_not_be_made_is_asked_for_again():
    cache = LruCache(2)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 // 0)
    assert cache.get("a", lambda: None) is None and cache.get("a", lambda: 1 // 0) is None
