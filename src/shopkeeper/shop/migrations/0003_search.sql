-- What search needs beside the records: versions of what is built, meanings of products, the merchant's words and rules.

-- Versions of indexes and models of every kind. One of a kind is in use; `was_in_use` remembers the one before it.
create table artifacts (
    id bigint generated always as identity primary key,
    kind text not null,
    spec jsonb not null,                 -- what it is made with: the embedder, the settings of the ranking
    state text not null check (state in ('building', 'ready', 'in_use', 'retired', 'failed')),
    score jsonb not null default '{}',   -- measured before it was switched to
    note text not null default '',
    made_at timestamptz not null default now(),
    finished_at timestamptz,
    switched_at timestamptz,
    was_in_use bigint references artifacts (id) on delete set null
);
create unique index artifacts_in_use on artifacts (kind) where state = 'in_use';

-- The meaning of each product's texts as each embedder sees them. `part`: which text (its title, all of it);
-- `text_hash` tells whether the text has changed since; it is empty once it has.
create table product_vectors (
    embedder text not null,              -- its digest: vectors of different digests are not compared
    part text not null,
    product_id text not null references products (id) on delete cascade,
    text_hash bytea not null,
    vector halfvec not null,
    primary key (embedder, part, product_id)
);
create index product_vectors_product on product_vectors (product_id);

-- In the transaction that changes a product's words its vectors become stale, so that none is ever taken for fresh.
create function mark_stale_vectors() returns trigger language plpgsql as $$
begin
    update product_vectors v set text_hash = ''
    from before b join after a on a.id = b.id
    where v.product_id = a.id
      and (a.title, a.brand, a.category, a.description, a.attributes, a.translations)
          is distinct from (b.title, b.brand, b.category, b.description, b.attributes, b.translations);
    return null;
end $$;
create trigger products_meant after update on products
    referencing old table as before new table as after
    for each statement execute function mark_stale_vectors();

-- Words that mean the same to this shop. one_way: the first is also looked for as the others, not the other way.
create table synonyms (
    id bigint generated always as identity primary key,
    terms text[] not null check (cardinality(terms) >= 2),
    one_way boolean not null default false,
    updated_at timestamptz not null default now()
);

-- What the merchant decides about the order of things.
create table rules (
    id bigint generated always as identity primary key,
    name text not null,
    rule jsonb not null,
    active boolean not null default true,
    updated_at timestamptz not null default now()
);

create function note_merchandising() returns trigger language plpgsql as $$
begin
    perform pg_notify('merchandising', '');
    return null;
end $$;
create trigger synonyms_changed after insert or update or delete on synonyms
    for each statement execute function note_merchandising();
create trigger rules_changed after insert or update or delete on rules
    for each statement execute function note_merchandising();
create trigger artifacts_changed after insert or update or delete on artifacts
    for each statement execute function note_merchandising();
