-- Experiments on recommendation: which of two versions is better in a slot, decided by visitors. What was shown stands
-- in `recommendations` (experiment, arm); of a slot at most one experiment runs at a time.
create table recommendation_experiments (
    name text primary key,
    slot text not null,
    kind text not null check (kind in ('ab', 'interleaving')),
    control bigint not null,               -- versions of the recommender
    challenger bigint not null,
    share double precision not null check (share > 0 and share < 1),  -- of visitors who are given the challenger
    outcome text not null check (outcome in ('click', 'add_to_cart', 'purchase')),
    window_hours integer not null check (window_hours > 0),
    least double precision not null check (least >= 0),  -- the smallest difference that matters
    started_at timestamptz not null default now(),
    ended_at timestamptz
);
create unique index recommendation_experiments_running on recommendation_experiments (slot) where ended_at is null;
create trigger recommendation_experiments_changed
    after insert or update or delete on recommendation_experiments
    for each statement execute function note_merchandising();
