"""Every answer that was given, and what people thought of it: rows that only ever grow."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create both tables, and the role that may insert there and do nothing else, where we may make roles.

    A server of the user's own may forbid it; the triggers keep rows from changing there too.
    """
    op.execute(
        """
        CREATE TABLE answer (
            id           uuid PRIMARY KEY,
            graph        text NOT NULL,
            conversation uuid NOT NULL,
            turn         integer NOT NULL CHECK (turn >= 0),
            at           timestamptz NOT NULL DEFAULT now(),
            question     text NOT NULL,
            picture      bytea CHECK (octet_length(picture) = 32),
            run          text,
            said         jsonb NOT NULL,
            seconds      real NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX answer_conversation ON answer (conversation, turn)")
    op.execute(
        """
        CREATE TABLE thumb (
            answer uuid NOT NULL REFERENCES answer,
            at     timestamptz NOT NULL DEFAULT now(),
            up     boolean NOT NULL,
            reason text
        )
        """
    )
    op.execute("CREATE INDEX thumb_answer ON thumb (answer)")
    op.execute(
        """
        CREATE FUNCTION answer_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'an answer that was given is never changed'; END $$
        """
    )
    for table in ("answer", "thumb"):
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION answer_is_append_only()"
        )
    op.execute(
        """
        DO $$ BEGIN
            CREATE ROLE kwk_answers NOLOGIN;
        EXCEPTION WHEN duplicate_object OR insufficient_privilege THEN NULL;
        END $$
        """
    )
    op.execute(
        """
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kwk_answers') THEN
                GRANT INSERT ON answer, thumb TO kwk_answers;
            END IF;
        END $$
        """
    )


def downgrade() -> None:
    """Drop both tables; the role stays, as another database of the server may use it."""
    op.execute("DROP TABLE thumb")
    op.execute("DROP TABLE answer")
    op.execute("DROP FUNCTION answer_is_append_only")
