"""The job engine's tables: in a schema of their own, made by the owner, for the application to use."""

from __future__ import annotations

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from tirage.db.roles import APPLICATION, SYSTEM

JOBS_SCHEMA = "tirage_jobs"

_THERE = "SELECT to_regclass('tirage_jobs.procrastinate_jobs') IS NOT NULL"
# Called from transactions that search another schema, and by triggers in them.
_PLACE = """
DO $$
DECLARE
    routine regprocedure;
BEGIN
    FOR routine IN SELECT oid FROM pg_proc WHERE pronamespace = 'tirage_jobs'::regnamespace LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = tirage_jobs', routine);
    END LOOP;
END
$$
"""


def make_jobs_schema(connection: Connection[TupleRow]) -> bool:
    """Make the tables where they are not yet, in one transaction; whether they were made now."""
    with connection.transaction():
        row = connection.execute(_THERE).fetchone()
        if row is not None and row[0]:
            return False
        from procrastinate.schema import SchemaManager

        schema = sql.Identifier(JOBS_SCHEMA)
        roles = sql.SQL(", ").join(map(sql.Identifier, (APPLICATION, SYSTEM)))
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
        connection.execute("SELECT set_config('search_path', %s, true)", (JOBS_SCHEMA,))
        connection.execute(SchemaManager.get_schema().encode())
        connection.execute(_PLACE)
        for grant in (
            "GRANT USAGE ON SCHEMA {} TO {}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} TO {}",
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {} TO {}",
        ):
            connection.execute(sql.SQL(grant).format(schema, roles))
        return True
