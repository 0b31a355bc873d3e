"""How much of anything a caller may send, hold or ask for: one number each, in one place.

docs/formats.md shows them as a table; tests/tidy holds it to these.
"""

from houblon.orders.intake.decode import MAX_BODY
from houblon.simulation.files.guard import MAX_BYTES

BODY = MAX_BODY  # bytes of a body, wherever no other number is named
DECISIONS_BODY = 10_000_000  # of a batch of decisions
UPLOAD_BODY = MAX_BYTES + 1_000_000  # of a file of past orders, with the form around it
UPLOAD_BY_KEY = "/api/v1/simulations/files"
BODIES = {"/api/v1/decisions": DECISIONS_BODY, "/simulations/fichier": UPLOAD_BODY, UPLOAD_BY_KEY: MAX_BYTES}
SHORT_BODY = 65_536  # up to here a body needs no room of its own
BODIES_HELD = 134_217_728  # bytes of longer ones in memory, of everybody together
BODY_SECONDS = 5  # until a body is there
UPLOAD_SECONDS = 30  # until a signed-in person's is, or a known key's
HEADER_SECONDS = 5  # until the headers are there
READER_SECONDS = 30  # that a reader may take nothing of its answer
HEADERS = 65_536  # bytes of a request's line and headers
ANSWER_IN_MEMORY = 1_000_000  # bytes of an answer; a longer one goes through a file
CONNECTIONS = 4_096  # at once; fewer where the system grants fewer files
FILES = 256  # that everything but connections may need
FIELD = 10_000  # characters of a form's field, or of a parameter in an address
DOCUMENT_FIELD = BODY  # of one that holds a document
LONG_FIELDS = dict.fromkeys(("json", "payload", "mapping"), DOCUMENT_FIELD)
ACCOUNT_FIELD = 1_000  # of the forms that anybody may send: signing in, a forgotten password
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})  # that metrics and logs name
