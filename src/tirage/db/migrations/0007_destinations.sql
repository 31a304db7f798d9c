-- Buckets of workspaces' own, to which batches hand their files over; what opens them is sealed.

CREATE TABLE destinations (
    id            text COLLATE "C" PRIMARY KEY,
    workspace_id  text COLLATE "C" NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    name          text NOT NULL,
    -- s3://bucket/prefix?region=…&endpoint=…, without credentials.
    location      text NOT NULL,
    access_key    text NOT NULL,
    secret        bytea NOT NULL,
    created_at    timestamptz NOT NULL
);
CREATE INDEX destinations_newest ON destinations (workspace_id, created_at DESC, id DESC);

ALTER TABLE batch_orders ADD COLUMN destination text COLLATE "C" REFERENCES destinations ON DELETE SET NULL;
ALTER TABLE batch_schedules ADD COLUMN destination text COLLATE "C" REFERENCES destinations ON DELETE SET NULL;
CREATE INDEX batch_orders_destination ON batch_orders (destination) WHERE destination IS NOT NULL;

CREATE POLICY of_workspace ON destinations USING (workspace_id = current_setting('tirage.workspace', true))
    WITH CHECK (workspace_id = current_setting('tirage.workspace', true));
ALTER TABLE destinations ENABLE ROW LEVEL SECURITY;
ALTER TABLE destinations FORCE ROW LEVEL SECURITY;
CREATE POLICY of_system ON destinations TO tirage_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON destinations TO tirage_app, tirage_system;
