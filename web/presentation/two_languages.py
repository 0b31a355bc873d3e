"""A text typed in two languages: who writes in one alone says the same in both."""

from collections.abc import Mapping


def text_of_both(fr: str, en: str) -> dict[str, str]:
    """The text that two fields say; an empty one says what the other does."""
    french, english = fr.strip(), en.strip()
    return {"fr": french or english, "en": english or french}


def shown_texts(text: Mapping[str, str]) -> tuple[str, str]:
    """What stands in the two fields: the English one is empty as long as it says the same."""
    french, english = text["fr"], text["en"]
    return french, "" if english == french else english
