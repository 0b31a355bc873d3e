"""OpenTelemetry traces, where `OTEL_EXPORTER_OTLP_ENDPOINT` says to send them.

The extra `otel` brings the libraries.
"""

import logging
from typing import Any

import structlog
from flask import Flask

from houblon.orders.db.ledger import Ledger
from houblon.orders.db.statements import run_by_sqlalchemy
from houblon.web.acceleration.fast_path import close_fast_path
from houblon.web.foundation.settings import Settings

log = logging.getLogger("houblon.tracing")


def trace(app: Flask, ledger: Ledger, settings: Settings) -> bool:
    """Trace requests and statements; False where nobody asked, or where it can't be done: the log says why, and the
    server goes on without."""
    if settings.traces is None:
        return False
    try:
        _instrument(app, ledger, settings.service_name)
    except ImportError as fault:
        log.warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but %s is not there: pip install houblon[otel]; nothing is traced",
            fault.name or "a library",
        )
        return False
    except Exception:
        log.exception("tracing could not begin; nothing is traced")
        return False
    return True


def _instrument(app: Flask, ledger: Ledger, service: str) -> None:
    """Raises ImportError where the libraries are not installed, and whatever they raise."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.flask import FlaskInstrumentor
    from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    engines = [ledger.engine] if ledger.engine is ledger.write_engine else [ledger.engine, ledger.write_engine]
    # It says that it knows SQLAlchemy up to 2.0; a test holds that its spans arrive from the one that is installed.
    SQLAlchemyInstrumentor().instrument(engines=engines, tracer_provider=provider, skip_dep_check=True)
    instrumentor: Any = FlaskInstrumentor()
    hooks = app.before_request_funcs.setdefault(None, [])
    own = len(hooks)
    instrumentor.instrument_app(app, tracer_provider=provider, excluded_urls="healthz,readyz,metrics,static")
    run_by_sqlalchemy()
    # Flask tells what it does; what is answered before it is asked would be told by nobody.
    close_fast_path(app)
    # Right after the request has its name, so that whatever refuses it is in its trace too.
    hooks[own:], hooks[1:1] = [], [*hooks[own:], _name_trace]


def _name_trace() -> None:
    """Say in every line of this request which trace it is part of."""
    from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

    context = get_current_span().get_span_context()
    if context.is_valid:
        structlog.contextvars.bind_contextvars(
            trace=format_trace_id(context.trace_id), span=format_span_id(context.span_id)
        )
