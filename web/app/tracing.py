"""OpenTelemetry traces, where `OTEL_EXPORTER_OTLP_ENDPOINT` says to send them.

The extra `otel` brings the libraries.
"""

import logging
from collections.abc import Mapping
from typing import Any

from flask import Flask

from houblon.orders.db.ledger import Ledger
from houblon.web.acceleration.fast_path import close_fast_path

log = logging.getLogger("houblon.tracing")


def trace(app: Flask, ledger: Ledger, environ: Mapping[str, str]) -> bool:
    """Trace requests and statements; False where nobody asked, or where the libraries are not installed."""
    if not environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return False
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.flask import FlaskInstrumentor
        from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("OTEL_EXPORTER_OTLP_ENDPOINT is set, but the libraries are not there: pip install houblon[otel]")
        return False
    provider = TracerProvider(resource=Resource.create({"service.name": environ.get("OTEL_SERVICE_NAME", "houblon")}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    # Flask tells what it does; what is answered before it is asked would be told by nobody.
    close_fast_path(app)
    instrumentor: Any = FlaskInstrumentor()
    instrumentor.instrument_app(app, tracer_provider=provider, excluded_urls="healthz,readyz,metrics,static")
    engines = [ledger.engine] if ledger.engine is ledger.write_engine else [ledger.engine, ledger.write_engine]
    # It says that it knows SQLAlchemy up to 2.0; a test holds that its spans arrive from the one that is installed.
    SQLAlchemyInstrumentor().instrument(engines=engines, tracer_provider=provider, skip_dep_check=True)
    return True
