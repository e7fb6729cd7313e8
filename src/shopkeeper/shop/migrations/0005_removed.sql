-- What the merchant takes away can be put back: synonyms and rules are marked as removed, and keep their place.
alter table synonyms add column removed_at timestamptz;
alter table rules add column removed_at timestamptz;
