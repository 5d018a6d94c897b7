"""Every vote that was ever cast on an image, also one that was replaced: the present ones stand in Neo4j."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the history of votes; a row that is in is never changed. No sha256 means: none of the images."""
    op.execute(
        """
        CREATE TABLE vote (
            graph    text  NOT NULL,
            entity   text  NOT NULL,
            sha256   bytea CHECK (octet_length(sha256) = 32),
            reviewer text  NOT NULL,
            at       timestamptz NOT NULL,
            PRIMARY KEY (graph, entity, reviewer, at)
        )
        """
    )
    op.execute(
        """
        CREATE FUNCTION vote_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'a vote that was cast is never changed'; END $$
        """
    )
    op.execute(
        "CREATE TRIGGER vote_is_append_only BEFORE UPDATE ON vote "
        "FOR EACH STATEMENT EXECUTE FUNCTION vote_is_append_only()"
    )


def downgrade() -> None:
    """Drop the history."""
    op.execute("DROP TABLE vote")
    op.execute("DROP FUNCTION vote_is_append_only")
