"""The database: embedded server or one's own, roles, migrations, and transactions that belong to one workspace."""
