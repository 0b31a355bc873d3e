"""OpenTelemetry traces, where `OTEL_EXPORTER_OTLP_ENDPOINT` says to send them.

The extra `otel` brings the libraries.
"""

import logging
from collections.abc import Mapping

from flask import Flask

from orders.ledger import Ledger

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
    FlaskInstrumentor().instrument_app(app, tracer_provider=provider, excluded_urls="healthz,readyz,metrics,static")
    engines = [ledger.engine] if ledger.engine is ledger.write_engine else [ledger.engine, ledger.write_engine]
    SQLAlchemyInstrumentor().instrument(engines=engines, tracer_provider=provider)
    return True
