-- The shop's records. Money is numeric(18, 4) beside its currency; times are UTC; `hash` is the sha256 of the
-- record's canonical JSON, so that the same record written twice changes nothing.

create extension if not exists vector;

create table products (
    id text primary key,
    title text not null,
    handle text not null default '',
    url text not null default '',
    description text not null default '',
    brand text not null default '',
    category text[] not null default '{}',
    attributes jsonb not null default '{}',
    tags text[] not null default '{}',
    images jsonb not null default '[]',
    language text not null default 'en',
    rating jsonb,
    status text not null default 'active' check (status in ('active', 'draft', 'archived')),
    translations jsonb not null default '{}',
    metadata jsonb not null default '{}',
    hash bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index products_handle on products (handle);
create index products_brand on products (brand);

create table variants (
    id text primary key,
    product_id text not null references products (id) on delete cascade,
    position integer not null,
    title text not null,
    sku text not null default '',
    gtin text not null default '',
    mpn text not null default '',
    options jsonb not null default '[]',
    price numeric(18, 4) not null,
    currency text not null,
    list_price numeric(18, 4),
    availability text not null
        check (availability in ('in_stock', 'out_of_stock', 'preorder', 'backorder', 'discontinued')),
    quantity integer,
    image jsonb,
    weight_grams numeric,
    metadata jsonb not null default '{}'
);
create index variants_product on variants (product_id, position);
create index variants_sku on variants (sku) where sku <> '';
create index variants_gtin on variants (gtin) where gtin <> '';

create table customers (
    id text primary key,
    email text not null default '',
    first_name text not null default '',
    last_name text not null default '',
    phone text not null default '',
    language text not null default '',
    addresses jsonb not null default '[]',
    payment_methods jsonb not null default '[]',
    metadata jsonb not null default '{}',
    created_at timestamptz,
    hash bytea not null
);
create index customers_email on customers (lower(email)) where email <> '';

create table orders (
    id text primary key,
    customer_id text not null,
    status text not null default '',
    placed_at timestamptz,
    payments jsonb not null default '[]',
    fulfilments jsonb not null default '[]',
    history jsonb not null default '[]',
    shipping_address jsonb,
    billing_address jsonb,
    metadata jsonb not null default '{}',
    hash bytea not null
);
create index orders_customer on orders (customer_id, placed_at);
create index orders_placed on orders (placed_at);

create table order_lines (
    order_id text not null references orders (id) on delete cascade,
    position integer not null,
    product_id text not null,
    variant_id text,
    title text not null default '',
    quantity integer not null,
    unit_price numeric(18, 4),
    discount numeric(18, 4),
    total numeric(18, 4) not null,
    currency text not null,
    options jsonb not null default '[]',
    metadata jsonb not null default '{}',
    primary key (order_id, position)
);
create index order_lines_product on order_lines (product_id);

create table events (
    id text primary key,
    action text not null,
    at timestamptz not null,
    session_id text not null default '',
    client_id text not null default '',
    customer_id text,
    query_id text,
    user_query text not null default '',
    object_id text not null default '',
    object_id_type text not null default '',
    position integer,
    application text not null default '',
    message text not null default '',
    attributes jsonb not null default '{}'
);
create index events_at on events (at);
create index events_session on events (session_id, at);
create index events_customer on events (customer_id, at) where customer_id is not null;
create index events_object on events (object_id, action) where object_id <> '';

create table queries (
    id text primary key,
    user_query text not null,
    at timestamptz not null,
    client_id text not null default '',
    session_id text not null default '',
    application text not null default '',
    response_id text not null default '',
    object_id_field text not null default 'product_id',
    hits text[] not null default '{}',
    attributes jsonb not null default '{}'
);
create index queries_at on queries (at);

create table reviews (
    id text primary key,
    product_id text not null,
    variant_id text,
    customer_id text,
    author text not null default '',
    author_email text not null default '',
    rating numeric,
    scale_max numeric not null default 5,
    title text not null default '',
    text text not null default '',
    language text not null default '',
    posted_at timestamptz,
    verified boolean not null default false,
    metadata jsonb not null default '{}',
    hash bytea not null
);
create index reviews_product on reviews (product_id, posted_at desc);
create index reviews_customer on reviews (customer_id) where customer_id is not null;

create table pages (
    id text primary key,
    kind text not null check (kind in ('policy', 'faq', 'guide')),
    slug text not null,
    title text not null,
    body text not null,
    language text not null default 'en',
    updated_at timestamptz,
    hash bytea not null
);
create index pages_slug on pages (slug, language);

-- The outbox: for each product the last transaction that touched it, so that whoever keeps a copy (the word index)
-- can ask what has changed since its own position. One row a product, also after the product is deleted. A reader
-- takes only rows whose transaction is older than every one still running, so none is ever skipped.
create table product_changes (
    product_id text primary key,
    changed_xid xid8 not null
);
create index product_changes_xid on product_changes (changed_xid);

create function note_changed_products() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'products' then
        insert into product_changes select distinct id, pg_current_xact_id() from touched order by id
        on conflict (product_id) do update set changed_xid = excluded.changed_xid;
    else
        insert into product_changes select distinct product_id, pg_current_xact_id() from touched order by product_id
        on conflict (product_id) do update set changed_xid = excluded.changed_xid;
    end if;
    perform pg_notify('product_changes', '');
    return null;
end $$;

create trigger products_inserted after insert on products referencing new table as touched
    for each statement execute function note_changed_products();
create trigger products_updated after update on products referencing new table as touched
    for each statement execute function note_changed_products();
create trigger products_deleted after delete on products referencing old table as touched
    for each statement execute function note_changed_products();
create trigger variants_inserted after insert on variants referencing new table as touched
    for each statement execute function note_changed_products();
create trigger variants_updated after update on variants referencing new table as touched
    for each statement execute function note_changed_products();
create trigger variants_deleted after delete on variants referencing old table as touched
    for each statement execute function note_changed_products();

-- Imports: one row a run, one row for each part of a file that could not be taken in.
create table imports (
    id bigint generated always as identity primary key,
    kind text not null,                  -- products, orders, customers, events, reviews, pages
    format text not null,                -- shopify, woocommerce, …
    file_name text not null,
    fingerprint text not null,           -- sha256 of the file, so that an interrupted run can be taken up again
    mapping jsonb not null default '{}',
    state text not null check (state in ('running', 'done', 'failed', 'interrupted')),
    position bigint not null default 0,  -- records committed so far
    created bigint not null default 0,
    updated bigint not null default 0,
    unchanged bigint not null default 0,
    quarantined bigint not null default 0,
    error text not null default '',
    started_at timestamptz not null default now(),
    finished_at timestamptz
);
create table quarantine (
    import_id bigint not null references imports (id) on delete cascade,
    ordinal bigint not null,             -- counts within the run
    line bigint not null,                -- line or row of the file, from 1
    field text not null,
    reason text not null,
    hint text not null default '',
    raw text not null,                   -- the row as it came, in the form of its format
    primary key (import_id, ordinal)
);

-- Keys for the HTTP API: only a hash is kept.
create table api_keys (
    id text primary key,                 -- the public prefix of the key
    kind text not null check (kind in ('secret', 'publishable')),
    name text not null,
    secret_hash bytea not null,
    origins text[] not null default '{}',
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz
);

-- Progress of background work; the queue itself is procrastinate's.
create table job_progress (
    id bigint generated always as identity primary key,
    queue_id bigint,
    kind text not null,
    title text not null,
    arguments jsonb not null default '{}',
    state text not null
        check (state in ('waiting', 'running', 'done', 'failed', 'stopped', 'interrupted')),
    interruptions integer not null default 0,  -- how often it was cut short and taken up again
    started_from bigint not null default 0,  -- done already when this run took it up: for the rate
    done bigint not null default 0,
    total bigint,
    unit text not null default '',
    message text not null default '',
    result jsonb not null default '{}',  -- what came out of it, for instance the id of the import
    error text not null default '',
    created_at timestamptz not null default now(),
    started_at timestamptz,
    beat_at timestamptz,
    finished_at timestamptz
);

-- What the demo shop's generator knows and the shop must find out: read by tests and benchmarks alone.
create table demo_truth (
    kind text not null,                  -- customer_taste, fake_review, product_quality, …
    id text not null,
    truth jsonb not null,
    primary key (kind, id)
);
