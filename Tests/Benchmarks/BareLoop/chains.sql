-- :steps / 100 runs of 100 steps, each of which needs the one before.
INSERT INTO step
SELECT 100 * run + n, run, 1, 0, CASE n WHEN 1 THEN 0 ELSE 1 END
FROM generate_series(0, :steps / 100 - 1) AS run, generate_series(1, 100) AS n;

INSERT INTO edge
SELECT 100 * run + n, 100 * run + n + 1
FROM generate_series(0, :steps / 100 - 1) AS run, generate_series(1, 99) AS n;
