-- What went in but deserves a word in the report (codes that are no GTIN, an encoding that was guessed): texts.
alter table imports add column notes jsonb not null default '[]';
