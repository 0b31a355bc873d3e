"""People's accounts and roles, as flask-security keeps them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    now = sa.func.now()
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("email", sa.String(255), nullable=False, unique=True),
        sa.Column("username", sa.String(255), unique=True),
        sa.Column("password", sa.String(255)),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(64), nullable=False, unique=True),
        sa.Column("confirmed_at", sa.DateTime()),
        sa.Column("last_login_at", sa.DateTime()),
        sa.Column("current_login_at", sa.DateTime()),
        sa.Column("last_login_ip", sa.String(64)),
        sa.Column("current_login_ip", sa.String(64)),
        sa.Column("login_count", sa.Integer()),
        sa.Column("tf_primary_method", sa.String(64)),
        sa.Column("tf_totp_secret", sa.String(255)),
        sa.Column("tf_phone_number", sa.String(128)),
        sa.Column("us_totp_secrets", sa.Text()),
        sa.Column("us_phone_number", sa.String(128), unique=True),
        sa.Column("fs_webauthn_user_handle", sa.String(64), unique=True),
        sa.Column("mf_recovery_codes", sa.UnicodeText()),
        sa.Column("create_datetime", sa.DateTime(), nullable=False, server_default=now),
        sa.Column("update_datetime", sa.DateTime(), nullable=False, server_default=now),
    )
    op.create_table(
        "roles",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False, unique=True),
        sa.Column("description", sa.String(255)),
        sa.Column("permissions", sa.UnicodeText()),
        sa.Column("update_datetime", sa.DateTime(), nullable=False, server_default=now),
    )
    op.create_table(
        "roles_users",
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("role_id", sa.Integer(), sa.ForeignKey("roles.id"), primary_key=True),
    )
