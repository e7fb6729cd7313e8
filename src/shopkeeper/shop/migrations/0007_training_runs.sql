-- Trainings of models: what was chosen, how far each is, and how it ended.
create table training_runs (
    id bigint generated always as identity primary key,
    name text not null unique,
    kind text not null,
    folder text not null,
    settings jsonb not null,
    state text not null check (state in ('running', 'stopped', 'failed', 'done')),
    reason text not null default '',
    stop_wanted boolean not null default false,
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    ended_at timestamptz,
    step bigint not null default 0,
    steps bigint not null default 0,
    best text not null default '',
    measures jsonb not null default '{}'
);

-- What a training said while it ran.
create table training_points (
    number bigint generated always as identity primary key,
    run bigint not null references training_runs on delete cascade,
    at timestamptz not null default now(),
    step bigint not null,
    kind text not null,
    numbers jsonb not null,
    text text not null
);
create index training_points_run on training_points (run, kind, step);
