-- Batches that are started by the clock: from an address or a query, at intervals or at times of day.

CREATE TABLE batch_schedules (
    id            text COLLATE "C" PRIMARY KEY,
    workspace_id  text COLLATE "C" NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    template_id   text COLLATE "C" NOT NULL,
    name          text NOT NULL,
    format        text NOT NULL,
    -- How the table is read, as in batch_orders.
    naming        text NOT NULL DEFAULT '',
    mapping       text NOT NULL DEFAULT '{}',
    encoding      text NOT NULL DEFAULT '',
    delimiter     text NOT NULL DEFAULT '',
    sheet         text NOT NULL DEFAULT '',
    source_url    text NOT NULL DEFAULT '',
    source_query  text NOT NULL DEFAULT '',
    -- One of both: seconds between two runs, or five fields of cron in a time zone.
    every_seconds integer,
    cron          text NOT NULL DEFAULT '',
    time_zone     text NOT NULL DEFAULT 'UTC',
    only_changed  boolean NOT NULL,
    paused        boolean NOT NULL DEFAULT false,
    -- What the source was when it was drawn last: its host's tag, and the digest of its bytes.
    etag          text NOT NULL DEFAULT '',
    sha256        text NOT NULL DEFAULT '',
    next_at       timestamptz NOT NULL,
    claimed_until timestamptz,
    last_at       timestamptz,
    last_batch    text COLLATE "C",
    outcome       text NOT NULL DEFAULT '',
    problem       text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    CHECK ((every_seconds IS NULL) = (cron <> '')),
    FOREIGN KEY (template_id, workspace_id) REFERENCES templates (id, workspace_id) ON DELETE CASCADE
);
CREATE INDEX batch_schedules_due ON batch_schedules (next_at) WHERE NOT paused;
CREATE INDEX batch_schedules_newest ON batch_schedules (workspace_id, created_at DESC, id DESC);
CREATE INDEX batch_schedules_template ON batch_schedules (template_id, workspace_id);

CREATE POLICY of_workspace ON batch_schedules USING (workspace_id = current_setting('tirage.workspace', true))
    WITH CHECK (workspace_id = current_setting('tirage.workspace', true));
ALTER TABLE batch_schedules ENABLE ROW LEVEL SECURITY;
ALTER TABLE batch_schedules FORCE ROW LEVEL SECURITY;
CREATE POLICY of_system ON batch_schedules TO tirage_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON batch_schedules TO tirage_app, tirage_system;
