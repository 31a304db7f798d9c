-- A row of a batch may become several files: other designs, sizes, formats and languages; and files of another batch.

-- A JSON array of what each row becomes: template, version, format, options, size, locale. Empty: the batch's own.
ALTER TABLE batch_orders ADD COLUMN outputs text NOT NULL DEFAULT '[]';
-- Rows whose recipe a picture of this batch has are that picture, and are not drawn again.
ALTER TABLE batch_orders ADD COLUMN base_batch text COLLATE "C";
