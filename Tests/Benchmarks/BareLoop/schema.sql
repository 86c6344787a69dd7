-- The least that a persisted DAG needs; every table as narrow as it can be.
DROP TABLE IF EXISTS ready, lease, history, step, edge;

CREATE TABLE ready (
  queue int NOT NULL,
  priority int NOT NULL,
  run_at timestamptz NOT NULL,
  id bigint NOT NULL,
  attempt int NOT NULL
);
CREATE INDEX ready_order ON ready (queue, priority, run_at, id);

CREATE TABLE lease (
  id bigint PRIMARY KEY,
  worker int NOT NULL,
  attempt int NOT NULL,
  ends_at timestamptz NOT NULL
);

CREATE TABLE history (
  id bigint NOT NULL,
  worker int NOT NULL,
  attempt int NOT NULL,
  finished_at timestamptz NOT NULL
);

CREATE TABLE step (
  id bigint PRIMARY KEY,
  run bigint NOT NULL,
  queue int NOT NULL,
  priority int NOT NULL,
  pending int NOT NULL
) WITH (fillfactor = 80); -- room for the decrements to stay on their page

CREATE TABLE edge (
  parent bigint NOT NULL,
  child bigint NOT NULL,
  PRIMARY KEY (parent, child)
);
