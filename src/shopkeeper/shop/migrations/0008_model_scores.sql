-- What models of language scored when they were measured: on rows made of the shop's own catalogue, and how quick they are.
create table lm_scores (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    engine text not null,
    model text not null,
    task text not null,
    measure text not null,
    figure double precision not null,
    low double precision not null,
    high double precision not null,
    rows integer not null,
    failed integer not null,
    tokens bigint not null,
    seconds double precision not null
);
create index lm_scores_of on lm_scores (engine, task, measure, id);
