-- Every call of a language model: what it was for, what it used and how it ended. Never a word of what was said.
create table lm_calls (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    purpose text not null,
    operation text not null,
    engine text not null,
    model text not null,
    prompt_version text not null,
    prompt_tokens bigint not null,
    cached_tokens bigint not null,
    completion_tokens bigint not null,
    first_token_ms double precision not null,
    total_ms double precision not null,
    cost numeric not null,
    outcome text not null,
    place smallint not null
);
create index lm_calls_at on lm_calls (at);

-- What each purpose has used of its budget, by day (UTC).
create table lm_spend (
    day date not null,
    purpose text not null,
    tokens bigint not null,
    money numeric not null,
    primary key (day, purpose)
);
