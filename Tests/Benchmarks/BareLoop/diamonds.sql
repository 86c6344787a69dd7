-- :steps / 4 runs: a -> b, c -> d.
INSERT INTO step
SELECT 4 * run + n, run, 1, 0, (ARRAY[0, 1, 1, 2])[n]
FROM generate_series(0, :steps / 4 - 1) AS run, generate_series(1, 4) AS n;

INSERT INTO edge
SELECT 4 * run + parent, 4 * run + child
FROM generate_series(0, :steps / 4 - 1) AS run, (VALUES (1, 2), (1, 3), (2, 4), (3, 4)) AS shape (parent, child);
