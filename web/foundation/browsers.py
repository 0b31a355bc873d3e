"""A browser as people call it: « Firefox, Windows », from what it says of itself."""

from flask import Flask

# The first that is found counts: most say they are also the ones below.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def register(app: Flask) -> None:
    """Let templates write `agent|browser`."""
    app.jinja_env.filters.update(browser=browser_text)


def browser_text(agent: str) -> str:
    """The browser and its system, as far as the agent tells; what tells neither stays as it is."""
    found = [next((name for mark, name in names if mark in agent), None) for names in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, found)) or agent
