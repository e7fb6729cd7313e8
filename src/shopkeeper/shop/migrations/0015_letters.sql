-- E-mail with customers, to be answered in its thread: to whom, about what, and which message of a conversation it is.

drop table support_mail;

create table support_mail (
    message_id text primary key,         -- as in its header
    conversation_id text not null references support_conversations (id) on delete cascade,
    outgoing boolean not null,
    said bigint references support_messages (id) on delete cascade,  -- what was sent; null of a letter that came in
    address text not null,               -- of the customer
    subject text not null default '',
    at timestamptz not null
);
create index support_mail_conversation on support_mail (conversation_id, at);
create index support_mail_address on support_mail (lower(address), at);
create index support_mail_said on support_mail (said);
