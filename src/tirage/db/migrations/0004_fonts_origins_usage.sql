-- A font's file stands for one style of one family; what is known of its face travels with drawing jobs.
ALTER TABLE fonts DROP CONSTRAINT fonts_workspace_id_sha256_key;
-- JSON: coverage, axes and names of the face, as actions read them.
ALTER TABLE fonts ADD COLUMN face text NOT NULL DEFAULT '{}';
CREATE UNIQUE INDEX fonts_of_style ON fonts (workspace_id, lower(family), lower(style));

-- What decided a picture's bytes beside its row and options, as JSON: template, moment, pictures, fonts, engine.
ALTER TABLE images ADD COLUMN origin text NOT NULL DEFAULT '';

-- Pictures made in a calendar month (UTC), where a monthly quota holds.
CREATE TABLE usage (
    workspace_id  text COLLATE "C" NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    month         date NOT NULL,
    pictures      bigint NOT NULL CHECK (pictures >= 0),
    PRIMARY KEY (workspace_id, month)
);
CREATE POLICY of_workspace ON usage USING (workspace_id = current_setting('tirage.workspace', true))
    WITH CHECK (workspace_id = current_setting('tirage.workspace', true));
ALTER TABLE usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage FORCE ROW LEVEL SECURITY;
CREATE POLICY of_system ON usage TO tirage_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON usage TO tirage_app, tirage_system;
