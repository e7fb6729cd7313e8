-- What the last feed said of an order or a customer that customer service has changed since, by its hash; null: not changed.
-- A feed that says the same again does not undo the change (shop/bulk.py).
alter table orders add column fed_hash bytea;
alter table customers add column fed_hash bytea;
