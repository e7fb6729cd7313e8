-- Customer service: who is verified in which conversation, what was proposed, agreed to and done, and by which rules.

-- What the shop allows, as TOML; the newest is in force. None: the one that comes with the program.
create table support_policies (
    id bigint generated always as identity primary key,
    text text not null,
    made_by text not null default '',
    made_at timestamptz not null default clock_timestamp()
);

create table support_conversations (
    id text primary key,
    customer_id text references customers (id) on delete cascade,  -- null until somebody is identified
    level smallint not null default 0 check (level between 0 and 2),
    verified_until timestamptz,
    language text not null default '',
    turn integer not null default 0,     -- how often the customer has spoken
    opened_at timestamptz not null,
    heard_at timestamptz not null
);
create index support_conversations_customer on support_conversations (customer_id);

-- What may be done if the customer says yes. One at a time waits for a yes in each conversation.
create table support_proposals (
    id text primary key,
    conversation_id text not null references support_conversations (id) on delete cascade,
    customer_id text not null references customers (id) on delete cascade,
    action jsonb not null,
    order_id text,
    shown jsonb not null,                -- what the customer was told: it must be true again when it is done
    rule_ids text[] not null,
    state text not null
        check (state in ('open', 'confirmed', 'done', 'undone', 'declined', 'void', 'expired', 'stale')),
    made_turn integer not null,
    asked_turn integer not null,         -- a yes counts in the turn right after it
    confirmed_turn integer check (confirmed_turn > asked_turn),
    before jsonb,                        -- what an undo puts back
    made_at timestamptz not null,
    expires_at timestamptz not null,
    done_at timestamptz,
    check (state not in ('confirmed', 'done', 'undone') or confirmed_turn is not null)
);
create unique index support_proposals_waiting on support_proposals (conversation_id)
    where state in ('open', 'confirmed');
create index support_proposals_conversation on support_proposals (conversation_id, made_at);
create index support_proposals_customer on support_proposals (customer_id);

-- What happened, in order. Holds ids and rules, never a word or an address of a person.
create table support_audit (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    conversation_id text not null,
    customer_id text references customers (id) on delete set null,
    turn integer not null,
    event text not null,
    proposal_id text,
    action text not null default '',
    order_id text,
    rule_ids text[] not null default '{}',
    detail jsonb not null default '{}'
);
create unique index support_audit_once on support_audit (proposal_id) where event = 'done';
create index support_audit_conversation on support_audit (conversation_id, id);
create index support_audit_customer on support_audit (customer_id);

-- One-time codes that were sent; only a keyed hash is kept. customer_id is null where nobody was found to send it to.
create table support_codes (
    conversation_id text primary key references support_conversations (id) on delete cascade,
    customer_id text references customers (id) on delete cascade,
    code_hash bytea not null,
    tries integer not null default 0,
    expires_at timestamptz not null
);
create index support_codes_customer on support_codes (customer_id);

-- Attempts to be identified, by keyed hash of who tried and for whom, so that guessing ends.
create table support_tries (
    key bytea not null,
    at timestamptz not null
);
create index support_tries_key on support_tries (key, at);

-- Returns and exchanges that customers asked for. items: [{item_id, new_item_id or null}].
create table order_requests (
    id text primary key,
    order_id text not null references orders (id) on delete cascade,
    kind text not null check (kind in ('return', 'exchange')),
    items jsonb not null,
    method_id text not null default '',
    refund numeric(18, 4) not null,      -- to the customer; below zero: the customer pays
    currency text not null,
    requested_at timestamptz not null,
    withdrawn_at timestamptz
);
create index order_requests_order on order_requests (order_id);

create index customers_name on customers (lower(last_name), lower(first_name));
