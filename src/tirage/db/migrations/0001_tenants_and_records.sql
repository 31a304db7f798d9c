-- The first schema: who owns what, designs, pictures, media, fonts, hooks with their outbox, repeated requests, link keys.
--
-- Every row belongs to a workspace, or, where it stands above workspaces (accounts, workspaces, keys), to an account.
-- A foreign key inside a workspace names the workspace too, so that no reference can cross to another.
-- Ids are what the wire shows. Documents are text, not jsonb: their bytes decide hashes and must come back unchanged.
-- All times are given by the application, whose clock tests can move.

CREATE TABLE accounts (
    id          text COLLATE "C" PRIMARY KEY,
    name        text NOT NULL,
    created_at  timestamptz NOT NULL
);

CREATE TABLE workspaces (
    id          text COLLATE "C" PRIMARY KEY,
    account_id  text COLLATE "C" NOT NULL REFERENCES accounts ON DELETE CASCADE,
    name        text NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    UNIQUE (id, account_id)
);
CREATE INDEX workspaces_newest ON workspaces (account_id, created_at DESC, id DESC);

CREATE TABLE workspace_settings (
    workspace_id   text COLLATE "C" PRIMARY KEY REFERENCES workspaces ON DELETE CASCADE,
    cors_origins   text[] NOT NULL DEFAULT '{}',
    link_policy    text NOT NULL DEFAULT 'signed' CHECK (link_policy IN ('off', 'signed', 'open')),
    strict         boolean NOT NULL DEFAULT false,
    updated_at     timestamptz NOT NULL
);

CREATE TABLE api_keys (
    id                    text COLLATE "C" PRIMARY KEY,
    account_id            text COLLATE "C" NOT NULL REFERENCES accounts ON DELETE CASCADE,
    name                  text NOT NULL,
    hash                  bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    mode                  text NOT NULL CHECK (mode IN ('live', 'test')),
    ending                text NOT NULL,
    scopes                text[] NOT NULL CHECK (scopes <@ ARRAY['render', 'read', 'write', 'admin']),
    -- NULL: every design of the key's workspaces.
    templates             text[],
    default_workspace_id  text COLLATE "C" REFERENCES workspaces ON DELETE SET NULL,
    created_at            timestamptz NOT NULL,
    expires_at            timestamptz,
    revoked_at            timestamptz,
    last_used_at          timestamptz,
    UNIQUE (id, account_id)
);
CREATE INDEX api_keys_newest ON api_keys (account_id, created_at DESC, id DESC);
CREATE INDEX api_keys_default ON api_keys (default_workspace_id);

CREATE TABLE api_key_workspaces (
    key_id        text COLLATE "C" NOT NULL,
    workspace_id  text COLLATE "C" NOT NULL,
    account_id    text COLLATE "C" NOT NULL,
    PRIMARY KEY (key_id, workspace_id),
    FOREIGN KEY (key_id, account_id) REFERENCES api_keys (id, account_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, account_id) REFERENCES workspaces (id, account_id) ON DELETE CASCADE
);
CREATE INDEX api_key_workspaces_workspace ON api_key_workspaces (workspace_id);

CREATE TABLE templates (
    id             text COLLATE "C" PRIMARY KEY,
    workspace_id   text COLLATE "C" NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    name           text NOT NULL,
    version        integer NOT NULL DEFAULT 1 CHECK (version > 0),
    document_hash  bytea NOT NULL CHECK (length(document_hash) = 32),
    -- What lists show of the document, as JSON text; written with the document by whoever parsed it.
    summary        text NOT NULL DEFAULT '',
    -- NULL: as the workspace says.
    link_policy    text CHECK (link_policy IN ('off', 'signed', 'open')),
    strict         boolean,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    UNIQUE (id, workspace_id)
);
CREATE INDEX templates_newest ON templates (workspace_id, created_at DESC, id DESC);

CREATE TABLE template_versions (
    template_id    text COLLATE "C" NOT NULL,
    version        integer NOT NULL,
    workspace_id   text COLLATE "C" NOT NULL,
    document       text NOT NULL,
    document_hash  bytea NOT NULL CHECK (length(document_hash) = 32),
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (template_id, version),
    FOREIGN KEY (template_id, workspace_id) REFERENCES templates (id, workspace_id) ON DELETE CASCADE
);
CREATE INDEX template_versions_workspace ON template_versions (workspace_id);

CREATE TABLE images (
    id                text COLLATE "C" PRIMARY KEY,
    workspace_id      text COLLATE "C" NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    -- No foreign key: a picture that hangs in somebody's mail outlives its design.
    template_id       text COLLATE "C" NOT NULL,
    template_version  integer NOT NULL,
    status            text NOT NULL CHECK (status IN ('succeeded', 'failed')),
    -- The two parts of the address; derived from the request, so that a repeated request finds its picture.
    path_folder       text COLLATE "C" NOT NULL,
    path_name         text COLLATE "C" NOT NULL,
    extension         text NOT NULL,
    format            text NOT NULL,
    media_type        text NOT NULL,
    width             integer NOT NULL CHECK (width > 0),
    height            integer NOT NULL CHECK (height > 0),
    page_index        integer NOT NULL DEFAULT 0 CHECK (page_index >= 0),
    pages             integer NOT NULL DEFAULT 1 CHECK (pages > 0),
    size              bigint NOT NULL CHECK (size >= 0),
    sha256            bytea NOT NULL CHECK (length(sha256) = 32),
    blob_key          text NOT NULL,
    recipe            bytea NOT NULL CHECK (length(recipe) = 32),
    overrides         text NOT NULL,
    options           text NOT NULL,
    report            text NOT NULL DEFAULT '',
    metadata          text NOT NULL DEFAULT '',
    created_at        timestamptz NOT NULL,
    UNIQUE (path_folder, path_name)
);
CREATE INDEX images_newest ON images (workspace_id, created_at DESC, id DESC);
CREATE INDEX images_of_template ON images (workspace_id, template_id, created_at DESC, id DESC);
-- A B-tree holds at most 2,700 bytes of a key, metadata may be longer.
CREATE INDEX images_of_metadata ON images (workspace_id, md5(metadata), created_at DESC, id DESC) WHERE metadata <> '';
CREATE INDEX images_of_recipe ON images (workspace_id, recipe);

CREATE TABLE assets (
    id             text COLLATE "C" PRIMARY KEY,
    workspace_id   text COLLATE "C" NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    parent_id      text COLLATE "C",
    folder         boolean NOT NULL DEFAULT false,
    filename       text NOT NULL,
    media_type     text NOT NULL DEFAULT '',
    size           bigint NOT NULL DEFAULT 0 CHECK (size >= 0),
    width          integer,
    height         integer,
    animated       boolean,
    sha256         bytea CHECK (length(sha256) = 32),
    blob_key       text,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    UNIQUE (id, workspace_id),
    CHECK (folder = (blob_key IS NULL)),
    FOREIGN KEY (parent_id, workspace_id) REFERENCES assets (id, workspace_id) ON DELETE CASCADE
);
CREATE INDEX assets_newest ON assets (workspace_id, parent_id, created_at DESC, id DESC);
CREATE INDEX assets_parent ON assets (parent_id);

CREATE TABLE fonts (
    id             text COLLATE "C" PRIMARY KEY,
    workspace_id   text COLLATE "C" NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    family         text NOT NULL,
    style          text NOT NULL,
    weight         integer NOT NULL CHECK (weight BETWEEN 1 AND 1000),
    italic         boolean NOT NULL,
    filename       text NOT NULL,
    size           bigint NOT NULL CHECK (size > 0),
    sha256         bytea NOT NULL CHECK (length(sha256) = 32),
    blob_key       text NOT NULL,
    created_at     timestamptz NOT NULL,
    UNIQUE (workspace_id, sha256)
);
CREATE INDEX fonts_newest ON fonts (workspace_id, created_at DESC, id DESC);

CREATE TABLE hooks (
    id               text COLLATE "C" PRIMARY KEY,
    workspace_id     text COLLATE "C" NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    event_type       text NOT NULL,
    target_url       text NOT NULL,
    -- NULL: events of every design.
    template_id      text COLLATE "C",
    -- Sealed with the installation's secret; the previous one signs beside the new one until its time.
    secret           bytea NOT NULL,
    previous_secret  bytea,
    previous_until   timestamptz,
    created_at       timestamptz NOT NULL,
    -- The first failure since the last success.
    failing_since    timestamptz,
    disabled_at      timestamptz,
    disabled_reason  text,
    UNIQUE (id, workspace_id),
    UNIQUE NULLS NOT DISTINCT (workspace_id, event_type, target_url, template_id),
    FOREIGN KEY (template_id, workspace_id) REFERENCES templates (id, workspace_id) ON DELETE CASCADE
);
CREATE INDEX hooks_newest ON hooks (workspace_id, created_at DESC, id DESC);
CREATE INDEX hooks_template ON hooks (template_id, workspace_id);

CREATE TABLE event_sequences (
    workspace_id  text COLLATE "C" PRIMARY KEY REFERENCES workspaces ON DELETE CASCADE,
    last          bigint NOT NULL
);

-- The outbox: written in the transaction of what it tells.
CREATE TABLE events (
    id            text COLLATE "C" PRIMARY KEY,
    workspace_id  text COLLATE "C" NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    sequence      bigint NOT NULL,
    type          text NOT NULL,
    template_id   text COLLATE "C",
    payload       text NOT NULL,
    created_at    timestamptz NOT NULL,
    UNIQUE (id, workspace_id),
    UNIQUE (workspace_id, sequence)
);
CREATE INDEX events_of_time ON events (workspace_id, created_at);
CREATE INDEX events_oldest ON events (created_at);

CREATE TABLE deliveries (
    event_id       text COLLATE "C" NOT NULL,
    hook_id        text COLLATE "C" NOT NULL,
    workspace_id   text COLLATE "C" NOT NULL,
    state          text NOT NULL CHECK (state IN ('pending', 'delivered', 'exhausted', 'cancelled')),
    -- How many attempts the log holds, and how many of them belong to the present round of the schedule.
    attempts       integer NOT NULL DEFAULT 0,
    step           integer NOT NULL DEFAULT 0,
    due_at         timestamptz NOT NULL,
    -- Who sends it now, and until when that is believed.
    claim          text COLLATE "C",
    claimed_until  timestamptz,
    created_at     timestamptz NOT NULL,
    finished_at    timestamptz,
    PRIMARY KEY (event_id, hook_id),
    FOREIGN KEY (event_id, workspace_id) REFERENCES events (id, workspace_id) ON DELETE CASCADE,
    FOREIGN KEY (hook_id, workspace_id) REFERENCES hooks (id, workspace_id) ON DELETE CASCADE
);
CREATE INDEX deliveries_due ON deliveries (hook_id, due_at) WHERE state = 'pending';
CREATE INDEX deliveries_claimed ON deliveries (hook_id) WHERE state = 'pending' AND claim IS NOT NULL;
CREATE INDEX deliveries_newest ON deliveries (workspace_id, hook_id, created_at DESC, event_id DESC);

CREATE TABLE delivery_attempts (
    event_id       text COLLATE "C" NOT NULL,
    hook_id        text COLLATE "C" NOT NULL,
    number         integer NOT NULL,
    workspace_id   text COLLATE "C" NOT NULL,
    attempted_at   timestamptz NOT NULL,
    -- NULL: no answer came; then error says why.
    status         integer,
    latency_ms     integer NOT NULL CHECK (latency_ms >= 0),
    error          text NOT NULL DEFAULT '',
    -- The beginning of the answer, as it came.
    excerpt        bytea NOT NULL DEFAULT '' CHECK (length(excerpt) <= 1024),
    PRIMARY KEY (event_id, hook_id, number),
    FOREIGN KEY (event_id, hook_id) REFERENCES deliveries (event_id, hook_id) ON DELETE CASCADE
);
CREATE INDEX delivery_attempts_workspace ON delivery_attempts (workspace_id);

CREATE TABLE idempotency (
    workspace_id   text COLLATE "C" NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    endpoint       text COLLATE "C" NOT NULL,
    key            text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash   bytea NOT NULL CHECK (length(request_hash) = 32),
    -- The claim of the process that works on it; NULL once it is answered.
    claim          text COLLATE "C",
    claimed_until  timestamptz NOT NULL,
    status         integer,
    media_type     text,
    body           bytea,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, endpoint, key),
    CHECK ((claim IS NULL) = (status IS NOT NULL))
);
CREATE INDEX idempotency_expired ON idempotency (expires_at);

CREATE TABLE link_keys (
    kid           text COLLATE "C" PRIMARY KEY,
    workspace_id  text COLLATE "C" NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    -- Sealed with the installation's secret.
    secret        bytea NOT NULL,
    created_at    timestamptz NOT NULL,
    -- After this time it no longer verifies: the end of the overlap of a rotation, or the moment of a revocation.
    ends_at       timestamptz
);
CREATE INDEX link_keys_newest ON link_keys (workspace_id, created_at DESC, kid DESC);

-- Row-level security, forced on the owner too. A transaction that names no workspace and no account sees nothing.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'workspace_settings', 'templates', 'template_versions', 'images', 'assets', 'fonts', 'hooks', 'event_sequences',
        'events', 'deliveries', 'delivery_attempts', 'idempotency', 'link_keys'
    ] LOOP
        EXECUTE format(
            'CREATE POLICY of_workspace ON %I USING (workspace_id = current_setting(''tirage.workspace'', true)) '
            'WITH CHECK (workspace_id = current_setting(''tirage.workspace'', true))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['workspaces', 'api_keys', 'api_key_workspaces'] LOOP
        EXECUTE format(
            'CREATE POLICY of_account ON %I USING (account_id = current_setting(''tirage.account'', true)) '
            'WITH CHECK (account_id = current_setting(''tirage.account'', true))', name);
    END LOOP;
END
$$;
CREATE POLICY of_account ON accounts
    USING (id = current_setting('tirage.account', true)) WITH CHECK (id = current_setting('tirage.account', true));
-- A transaction of a workspace may read its own name.
CREATE POLICY of_workspace ON workspaces FOR SELECT USING (id = current_setting('tirage.workspace', true));

-- The system's role does what belongs to no single tenant: finding a key by its hash, a picture by its address,
-- the next deliveries. It is taken for one transaction and only by name.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'tirage' AND tablename <> 'schema_migrations' LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY of_system ON %I TO tirage_system USING (true) WITH CHECK (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tirage_app, tirage_system', name);
    END LOOP;
END
$$;
