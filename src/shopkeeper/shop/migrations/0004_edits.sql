-- What people changed of products by hand, with what was before, so that it can be undone.
create table edits (
    id bigint generated always as identity primary key,
    product_id text not null,
    changes jsonb not null,              -- [{variant_id, field, before, after, was, now}]; variant_id "": of the product
    made_by text not null default '',    -- id of the API key they signed in with; empty for the owner of the machine
    made_at timestamptz not null default clock_timestamp(),
    undone_at timestamptz
);
create index edits_product on edits (product_id, id);
