-- Dialogues of customer service: where each of them stands, and what was said.

create table support_dialogues (
    conversation_id text primary key references support_conversations (id) on delete cascade,
    state jsonb not null,                  -- wishes, questions and what was done; the words of `dialogue/records.py`
    handed_over text not null default '',  -- why a person took over; empty as long as the agent answers
    changed_at timestamptz not null
);
create index support_dialogues_handed_over on support_dialogues (changed_at) where handed_over <> '';

create table support_messages (
    id bigint generated always as identity primary key,
    conversation_id text not null references support_conversations (id) on delete cascade,
    turn integer not null,
    who text not null check (who in ('customer', 'agent', 'person')),
    text text not null,
    evidence text[] not null default '{}',  -- what an answer rests on, as kind:id
    at timestamptz not null
);
create index support_messages_conversation on support_messages (conversation_id, id);
