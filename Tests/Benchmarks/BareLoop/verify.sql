-- What went wrong, or nothing.
SELECT format('%s steps completed, %s of them different, instead of %s', done, different, :steps)
FROM (SELECT count(*) AS done, count(DISTINCT id) AS different FROM history) AS h
WHERE (done, different) <> (:steps, :steps);
SELECT format('step %s counts %s needs', id, pending) FROM step WHERE pending <> 0 LIMIT 3;
SELECT 'steps are left in ready or lease' WHERE EXISTS (SELECT FROM ready) OR EXISTS (SELECT FROM lease);
