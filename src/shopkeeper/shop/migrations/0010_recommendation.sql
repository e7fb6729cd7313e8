-- Lists of recommendations as they were shown, so that what follows can be credited to them: events name a list by its
-- id as their query_id. What the merchant sets for each slot.
create table recommendations (
    id text primary key,
    slot text not null,
    made_at timestamptz not null default now(),
    session_id text not null default '',
    client_id text not null default '',
    customer_id text,
    anchors text[] not null default '{}',  -- the products that the list is about
    items text[] not null,                 -- in the order shown
    model bigint not null default 0,       -- version of the model; 0: fitted by the program that served it
    experiment text not null default '',
    arm text not null default '',
    propensities real[] not null default '{}'  -- the chance of each item to stand where it does; empty: it was certain
);
create index recommendations_made on recommendations (made_at);
create index recommendations_session on recommendations (session_id) where session_id <> '';
create index recommendations_client on recommendations (client_id) where client_id <> '';
create index recommendations_customer on recommendations (customer_id) where customer_id is not null;
create index recommendations_experiment on recommendations (experiment, arm) where experiment <> '';

create index events_query on events (query_id) where query_id is not null;
create index events_client on events (client_id, at) where client_id <> '';

create table recommendation_controls (
    slot text primary key,
    controls jsonb not null,
    updated_at timestamptz not null default now()
);
create trigger recommendation_controls_changed after insert or update or delete on recommendation_controls
    for each statement execute function note_merchandising();
