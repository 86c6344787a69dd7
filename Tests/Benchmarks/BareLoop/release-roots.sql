INSERT INTO ready SELECT queue, priority, now(), id, 0 FROM step WHERE pending = 0 ORDER BY id;
VACUUM (ANALYZE) ready, lease, history, step, edge;
CHECKPOINT;
