-- What those pay who get the answer of an equal call in flight: nothing, or an equal part of it.
ALTER TABLE project_cache ADD COLUMN joiners TEXT NOT NULL DEFAULT 'free';
