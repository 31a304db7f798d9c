-- Of a design with several pages, in a format that holds one, a row has a picture for each: the first is image_id.

ALTER TABLE batch_rows ADD COLUMN more_images text[] NOT NULL DEFAULT '{}';
