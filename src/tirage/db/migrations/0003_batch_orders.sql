-- What was asked for about a batch's table, and the names that its rows' files have.

ALTER TABLE batch_rows ADD COLUMN name text NOT NULL DEFAULT '';

CREATE TABLE batch_orders (
    batch_id      text COLLATE "C" PRIMARY KEY,
    workspace_id  text COLLATE "C" NOT NULL,
    -- The pattern of file names, without an extension; empty is the row's number.
    naming        text NOT NULL DEFAULT '',
    -- A JSON object: column → variable, layer or layer.key; null leaves a column out.
    mapping       text NOT NULL DEFAULT '{}',
    encoding      text NOT NULL DEFAULT '',
    delimiter     text NOT NULL DEFAULT '',
    sheet         text NOT NULL DEFAULT '',
    -- Where the table is fetched from before it is read: an address, or a query of the configured database.
    source_url    text NOT NULL DEFAULT '',
    source_query  text NOT NULL DEFAULT '',
    FOREIGN KEY (batch_id, workspace_id) REFERENCES batches (id, workspace_id) ON DELETE CASCADE
);

CREATE POLICY of_workspace ON batch_orders USING (workspace_id = current_setting('tirage.workspace', true))
    WITH CHECK (workspace_id = current_setting('tirage.workspace', true));
ALTER TABLE batch_orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE batch_orders FORCE ROW LEVEL SECURITY;
CREATE POLICY of_system ON batch_orders TO tirage_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON batch_orders TO tirage_app, tirage_system;
