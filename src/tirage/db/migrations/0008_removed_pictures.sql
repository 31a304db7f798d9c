-- A row of a batch whose picture somebody removed says so: its image_id is '' then, which is not NULL, none so far.

CREATE INDEX batch_rows_image ON batch_rows (image_id) WHERE image_id <> '';
CREATE INDEX batch_rows_pages ON batch_rows USING gin (more_images) WHERE more_images <> '{}';
