"""Bare Flask, what the doors are measured against: JSON in, JSON out, and nothing else."""

from flask import Flask, request

from houblon.web.app.buffering import Buffered

app = Flask(__name__)


@app.post("/bare")
def bare() -> dict[str, str]:
    order = request.get_json()
    return {"order_id": order["id"], "outcome": "accepted"}


served = Buffered(app, 16)
