INSERT INTO ready SELECT queue, priority, now(), id, 0 FROM step WHERE pending = 0 ORDER BY id;
VACUUM (ANALYZE) ready, history, step, edge;

-- A lease table that looks busy: taken for empty, it gets sequential scans in plans that are kept for the whole run.
INSERT INTO lease SELECT n, 0, 1, now() FROM generate_series(1, 1000) AS n;
ANALYZE lease;
TRUNCATE lease;
SELECT format('ALTER DATABASE %I SET enable_seqscan = off', current_database()) \gexec
CHECKPOINT;
