-- The channels of customer service: messages that are heard once however often they are sent, what answers quote, what
-- customers thought of it, and e-mail.

-- key: how the sender names the message; sent again under the same name it is the same one.
-- quotes: sentences that an answer shows, as {text, kind, id, title, url}.
alter table support_messages add column key text;
alter table support_messages add column quotes jsonb not null default '[]';
create unique index support_messages_key on support_messages (conversation_id, key);

-- channel: where it is held. answering_until: a message is being answered, so the next one waits, at most till then.
alter table support_conversations add column channel text not null default 'chat'
    check (channel in ('chat', 'mail', 'mcp'));
alter table support_conversations add column answering_until timestamptz;

-- What customers said of a conversation. solved: null where they did not say.
create table support_feedback (
    conversation_id text primary key references support_conversations (id) on delete cascade,
    solved boolean,
    rating smallint check (rating between 1 and 5),
    words text not null default '',
    given_at timestamptz not null
);
create index support_feedback_given on support_feedback (given_at);

-- E-mail that was read or written, by its Message-ID. sender: a keyed hash of who writes to the shop in this thread.
create table support_mail (
    message_id text primary key,
    conversation_id text not null references support_conversations (id) on delete cascade,
    sender bytea not null,
    at timestamptz not null
);
create index support_mail_conversation on support_mail (conversation_id);
create index support_mail_sender on support_mail (sender, at);
