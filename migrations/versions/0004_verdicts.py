"""Every verdict that a reviewer ever gave on a round of a dialogue, also one that a later one replaced."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the verdicts; a row that is in is never changed. `sha256` is that of the round's content, so that a
    dialogue which is built anew with other words inherits nothing; `seq` ascends in the order of the commits.
    """
    op.execute(
        """
        CREATE TABLE verdict (
            seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            graph    text  NOT NULL,
            dialogue text  NOT NULL,
            turn     integer NOT NULL CHECK (turn >= 0),
            sha256   bytea NOT NULL CHECK (octet_length(sha256) = 32),
            reviewer text  NOT NULL,
            at       timestamptz NOT NULL,
            verdict  text  NOT NULL CHECK (verdict IN ('accept', 'refine', 'reject')),
            reason   text,
            note     text,
            question text,
            answer   text,
            UNIQUE (graph, dialogue, turn, sha256, reviewer, at),
            CHECK ((verdict = 'reject') = (reason IS NOT NULL)),
            CHECK ((verdict = 'refine') = (question IS NOT NULL AND answer IS NOT NULL))
        )
        """
    )
    op.execute(
        """
        CREATE FUNCTION verdict_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'a verdict that was given is never changed'; END $$
        """
    )
    op.execute(
        "CREATE TRIGGER verdict_is_append_only BEFORE UPDATE ON verdict "
        "FOR EACH STATEMENT EXECUTE FUNCTION verdict_is_append_only()"
    )


def downgrade() -> None:
    """Drop the verdicts."""
    op.execute("DROP TABLE verdict")
    op.execute("DROP FUNCTION verdict_is_append_only")
