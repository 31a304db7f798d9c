-- Batches: a table of rows over one version of a design; chunks of rows are what a worker takes at once.

CREATE TABLE batches (
    id                text COLLATE "C" PRIMARY KEY,
    workspace_id      text COLLATE "C" NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    template_id       text COLLATE "C" NOT NULL,
    template_version  integer NOT NULL,
    format            text NOT NULL,
    state             text NOT NULL CHECK (state IN ('queued', 'running', 'paused', 'finished', 'failed', 'cancelled')),
    -- The uploaded table; its rows are in batch_rows once `expanded`.
    source_key        text NOT NULL,
    source_name       text NOT NULL,
    expanded          boolean NOT NULL DEFAULT false,
    total             integer NOT NULL DEFAULT 0,
    done              integer NOT NULL DEFAULT 0,
    failed            integer NOT NULL DEFAULT 0,
    problem           text NOT NULL DEFAULT '',
    created_at        timestamptz NOT NULL,
    started_at        timestamptz,
    finished_at       timestamptz,
    UNIQUE (id, workspace_id),
    CHECK (done >= 0 AND failed >= 0 AND done + failed <= total),
    FOREIGN KEY (template_id, workspace_id) REFERENCES templates (id, workspace_id) ON DELETE CASCADE
);
CREATE INDEX batches_newest ON batches (workspace_id, created_at DESC, id DESC);
CREATE INDEX batches_template ON batches (template_id, workspace_id);
CREATE INDEX batches_active ON batches (id) WHERE state IN ('queued', 'running');

CREATE TABLE batch_chunks (
    batch_id      text COLLATE "C" NOT NULL,
    number        integer NOT NULL,
    workspace_id  text COLLATE "C" NOT NULL,
    state         text NOT NULL CHECK (state IN ('queued', 'running', 'done')),
    -- The fencing token: raised by every claim; only the claim that holds the newest may commit results.
    epoch         integer NOT NULL DEFAULT 0,
    lease_until   timestamptz,
    -- The job that claimed it: taken back from a dead worker, that same job may claim it again at once.
    job           bigint,
    PRIMARY KEY (batch_id, number),
    FOREIGN KEY (batch_id, workspace_id) REFERENCES batches (id, workspace_id) ON DELETE CASCADE
);
CREATE INDEX batch_chunks_open ON batch_chunks (batch_id, number) WHERE state <> 'done';

CREATE TABLE batch_rows (
    batch_id      text COLLATE "C" NOT NULL,
    number        integer NOT NULL,
    chunk         integer NOT NULL,
    workspace_id  text COLLATE "C" NOT NULL,
    row_values    text NOT NULL,
    state         text NOT NULL CHECK (state IN ('pending', 'done', 'failed')),
    image_id      text COLLATE "C",
    -- The problem of a failed row as JSON: code, message, pointer, hint.
    problem       text NOT NULL DEFAULT '',
    PRIMARY KEY (batch_id, number),
    FOREIGN KEY (batch_id, workspace_id) REFERENCES batches (id, workspace_id) ON DELETE CASCADE,
    CHECK ((state = 'failed') = (problem <> ''))
);
CREATE INDEX batch_rows_chunk ON batch_rows (batch_id, chunk, number) WHERE state = 'pending';
CREATE INDEX batch_rows_failed ON batch_rows (batch_id, number) WHERE state = 'failed';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['batches', 'batch_chunks', 'batch_rows'] LOOP
        EXECUTE format(
            'CREATE POLICY of_workspace ON %I USING (workspace_id = current_setting(''tirage.workspace'', true)) '
            'WITH CHECK (workspace_id = current_setting(''tirage.workspace'', true))', name);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY of_system ON %I TO tirage_system USING (true) WITH CHECK (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tirage_app, tirage_system', name);
    END LOOP;
END
$$;
