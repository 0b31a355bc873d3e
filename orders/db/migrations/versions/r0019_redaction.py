"""Entries of the audit log may lose their two sides, which can hold somebody's name, and nothing else of them."""

from alembic import op

revision = "0019"
down_revision = "0018"

_REFUSAL = "the audit log is append-only"
_COLUMNS = ("key", "at", "who", "source", "act", "subject", "reference", "previous", "hash")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        same = " AND ".join(f'NEW."{name}" IS OLD."{name}"' for name in _COLUMNS)
        op.execute("DROP TRIGGER IF EXISTS audit_no_update")
        op.execute(
            "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit "
            f'WHEN NOT ({same} AND NEW."before" IS NULL AND NEW."after" IS NULL) '
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
    else:
        same = " AND ".join(f'NEW."{name}" IS NOT DISTINCT FROM OLD."{name}"' for name in _COLUMNS)
        op.execute("DROP TRIGGER IF EXISTS audit_append_only ON audit")
        op.execute("DROP TRIGGER IF EXISTS audit_no_update ON audit")  # the revision was set back by hand
        op.execute(
            "CREATE TRIGGER audit_append_only BEFORE DELETE OR TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
        )
        op.execute(
            "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit FOR EACH ROW "
            f'WHEN (NOT ({same} AND NEW."before" IS NULL AND NEW."after" IS NULL)) '
            "EXECUTE FUNCTION audit_is_append_only()"
        )
