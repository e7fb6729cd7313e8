-- Customer service by people: conversations that were handed over, notes on them, questions that nobody could answer yet,
-- and the facts that decisions were made on, so that other rules can be put to them.

-- Who speaks: the customer, the agent, or somebody of the shop, with the name they go by.
alter table support_messages drop constraint support_messages_who_check;
update support_messages set who = 'staff' where who = 'person';
alter table support_messages add constraint support_messages_who_check check (who in ('customer', 'agent', 'staff'));
alter table support_messages add column author text not null default '';

-- A conversation that is a person's to answer: from the hand-over, or from being taken, until it is given back or closed.
create table support_cases (
    id bigint generated always as identity primary key,
    conversation_id text not null references support_conversations (id) on delete cascade,
    reason text not null
        check (reason in ('request', 'failures', 'scope', 'anger', 'refusals', 'support', 'taken')),
    summary text not null default '',
    urgent boolean not null default false,
    open_hours boolean not null default true,  -- whether it was asked for while somebody is there
    asked_at timestamptz not null,
    taken_by text not null default '',
    taken_at timestamptz,
    ended_by text not null default '',
    ended_at timestamptz,
    outcome text check (outcome in ('returned', 'solved')),
    check ((taken_by = '') = (taken_at is null)),
    check ((outcome is null) = (ended_at is null))
);
create unique index support_cases_open on support_cases (conversation_id) where ended_at is null;
create index support_cases_conversation on support_cases (conversation_id, id);
create index support_cases_asked on support_cases (asked_at);

-- What the shop's people note for each other; customers never see it.
create table support_notes (
    id bigint generated always as identity primary key,
    conversation_id text not null references support_conversations (id) on delete cascade,
    author text not null,
    text text not null,
    at timestamptz not null
);
create index support_notes_conversation on support_notes (conversation_id, id);

-- Answers that people wrote to questions that the agent could not answer; each became a page.
create table support_lessons (
    id bigint generated always as identity primary key,
    page_id text not null,
    question text not null,
    language text not null,
    wordings text[] not null,        -- how customers asked for it
    made_by text not null,
    made_at timestamptz not null,
    undone_at timestamptz
);

-- Questions that the agent could not answer, without personal data.
create table support_questions (
    id bigint generated always as identity primary key,
    conversation_id text not null references support_conversations (id) on delete cascade,
    turn integer not null,
    text text not null,
    language text not null,
    at timestamptz not null,
    lesson_id bigint references support_lessons (id) on delete set null,
    dismissed_by text not null default '',
    dismissed_at timestamptz
);
create index support_questions_open on support_questions (at) where lesson_id is null and dismissed_at is null;

-- What the rules decided about actions, and the facts they looked at.
create table support_decisions (
    id bigint generated always as identity primary key,
    conversation_id text not null references support_conversations (id) on delete cascade,
    turn integer not null,
    at timestamptz not null,
    language text not null,
    allowed boolean not null,
    facts jsonb not null
);
create index support_decisions_conversation on support_decisions (conversation_id);
create index support_decisions_at on support_decisions (at);
