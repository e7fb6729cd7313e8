-- What remains of lists of recommendations when they are no longer kept one by one (recommend/retention.py).
create table recommendation_credit (
    day date not null,                     -- on which the lists were made, UTC
    slot text not null,
    model bigint not null,
    experiment text not null,
    arm text not null,
    lists bigint not null,
    shown bigint not null,                 -- items
    clicks bigint not null,
    carts bigint not null,
    bought bigint not null,
    primary key (day, slot, model, experiment, arm)
);

-- The visitors that an ended experiment counted, as [arm, arms of the items taken, their places], without who they were.
-- null: they are read off the lists.
alter table recommendation_experiments add column counted jsonb;
