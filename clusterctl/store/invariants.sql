-- Every row that this returns is a broken promise. By hand: psql -f invariants.sql must print nothing.
WITH held AS (
    SELECT * FROM allocations WHERE status IN ('reserved', 'allocated')
), sums AS (
    SELECT worker_id,
           sum(cpu_milli * (status = 'reserved')::int) AS reserved_milli,
           sum(cpu_milli * (status = 'allocated')::int) AS allocated_milli,
           sum(memory_mb * (status = 'reserved')::int) AS reserved_memory_mb,
           sum(memory_mb * (status = 'allocated')::int) AS allocated_memory_mb,
           sum(gpus * (status = 'reserved')::int) AS reserved_gpus,
           sum(gpus * (status = 'allocated')::int) AS allocated_gpus,
           bit_xor(holding_digest(id, ends_by)) AS holds_digest
      FROM held GROUP BY worker_id
), broken (promise, subject) AS (
    -- Workers
    SELECT 'the counters of a worker are the sums of its live allocations', 'worker ' || w.name
      FROM workers w LEFT JOIN sums s ON s.worker_id = w.id
     WHERE (w.reserved_milli, w.allocated_milli, w.reserved_memory_mb, w.allocated_memory_mb,
            w.reserved_gpus, w.allocated_gpus, w.holds_digest)
           IS DISTINCT FROM
           (coalesce(s.reserved_milli, 0), coalesce(s.allocated_milli, 0), coalesce(s.reserved_memory_mb, 0),
            coalesce(s.allocated_memory_mb, 0), coalesce(s.reserved_gpus, 0), coalesce(s.allocated_gpus, 0),
            coalesce(s.holds_digest, 0))
    UNION ALL
    SELECT 'no worker is overbooked', 'worker ' || w.name
      FROM workers w JOIN sums s ON s.worker_id = w.id
     WHERE s.reserved_milli + s.allocated_milli > w.cpu_milli
        OR s.reserved_memory_mb + s.allocated_memory_mb > w.memory_mb
        OR s.reserved_gpus + s.allocated_gpus > w.gpus
    -- Jobs and their allocations
    UNION ALL
    SELECT 'a job has at most one live allocation', 'job ' || job_id FROM held GROUP BY job_id HAVING count(*) > 1
    UNION ALL
    SELECT 'a job is scheduled while reserved, running while allocated, and else holds nothing', 'job ' || j.id
      FROM jobs j LEFT JOIN held a ON a.job_id = j.id
     WHERE a.status IS DISTINCT FROM CASE j.state WHEN 'scheduled' THEN 'reserved' WHEN 'running' THEN 'allocated' END
        OR j.allocation_id IS DISTINCT FROM a.id
    UNION ALL
    SELECT 'a live allocation is its job''s newest attempt', 'allocation ' || a.id
      FROM held a JOIN jobs j ON j.id = a.job_id WHERE a.attempt <> j.attempt
    UNION ALL
    SELECT 'a job has had no more attempts than it counts', 'job ' || j.id
      FROM allocations a JOIN jobs j ON j.id = a.job_id GROUP BY j.id HAVING max(a.attempt) > j.attempt
    UNION ALL
    SELECT 'allocation ids grow with the attempts', 'allocation ' || a.id
      FROM allocations a JOIN allocations b ON b.job_id = a.job_id AND b.attempt > a.attempt AND b.id < a.id
    UNION ALL
    SELECT 'what was started has a token and an incarnation', 'allocation ' || id
      FROM allocations
     WHERE (allocated_at IS NULL) <> (start_token IS NULL) OR (allocated_at IS NULL) <> (incarnation IS NULL)
    UNION ALL
    SELECT 'nothing starts under an incarnation that its worker never had', 'allocation ' || a.id
      FROM allocations a JOIN workers w ON w.id = a.worker_id WHERE a.incarnation > w.incarnation
    UNION ALL
    SELECT 'loss is declared only after lease, grace and margin', 'allocation ' || id
      FROM allocations
     WHERE lost_after_s < lease_s + grace_s + margin_s OR (lost_after_s IS NULL) <> (lease_s IS NULL)
    -- Ends
    UNION ALL
    SELECT 'what has ended says when and why', 'job ' || id
      FROM jobs
     WHERE state IN ('completed', 'failed', 'timeout', 'cancelled', 'lost') AND (finished_at IS NULL OR reason IS NULL)
    UNION ALL
    SELECT 'a job is completed by a zero exit of its last attempt', 'job ' || j.id
      FROM jobs j LEFT JOIN allocations a ON a.job_id = j.id AND a.attempt = j.attempt
     WHERE j.state = 'completed' AND (a.release_reason IS DISTINCT FROM 'exited' OR a.exit_code IS DISTINCT FROM 0)
    UNION ALL
    SELECT 'nothing runs again after a zero exit', 'job ' || a.job_id
      FROM allocations a JOIN jobs j ON j.id = a.job_id
     WHERE j.kind = 'batch' AND a.release_reason = 'exited' AND a.exit_code = 0 AND (j.attempt > a.attempt OR j.state <> 'completed')
    UNION ALL
    SELECT 'budgets are kept', 'job ' || id FROM jobs WHERE kind = 'batch' AND (failures > retries + 1 OR losses > 6)
    UNION ALL
    SELECT 'a job whose end was asked for does not wait', 'job ' || id
      FROM jobs WHERE cancel_requested_at IS NOT NULL AND state IN ('held', 'pending', 'scheduled')
    UNION ALL
    SELECT 'the agent is told of a running job''s cancelling', 'job ' || j.id
      FROM jobs j JOIN held a ON a.id = j.allocation_id
     WHERE j.cancel_requested_at IS NOT NULL AND (a.stop_requested_at IS NULL OR a.stop_outcome IS NULL)
    -- Waiting for others
    UNION ALL
    SELECT 'unmet counts the parents that have not ended', 'job ' || j.id
      FROM jobs j LEFT JOIN (SELECT d.job_id, count(*) AS waits
                               FROM dependencies d JOIN jobs p ON p.id = d.parent_id WHERE p.live GROUP BY d.job_id) d
             ON d.job_id = j.id
     WHERE j.state IN ('held', 'pending', 'scheduled', 'running') AND j.unmet <> coalesce(d.waits, 0)
    UNION ALL
    SELECT 'what can never start does not wait', 'job ' || j.id
      FROM dependencies d JOIN jobs j ON j.id = d.job_id JOIN jobs p ON p.id = d.parent_id
     WHERE j.live AND NOT p.live AND CASE d.condition WHEN 'ok' THEN p.state <> 'completed'
                                                      WHEN 'notok' THEN p.state = 'completed' ELSE false END
    UNION ALL
    SELECT 'nothing is placed before its parents have ended', 'job ' || id
      FROM jobs WHERE state IN ('scheduled', 'running') AND unmet > 0
    -- Leaders
    UNION ALL
    SELECT 'no decision is from a term that has not begun', 'allocation ' || a.id
      FROM allocations a, leader l WHERE a.term > l.term
    UNION ALL
    SELECT 'terms grow with the allocations', 'allocation ' || id
      FROM (SELECT id, term, lag(term) OVER (ORDER BY id) AS former FROM allocations) a WHERE term < former
    -- Submissions
    UNION ALL
    SELECT 'a job is one of its submission''s', 'job ' || j.id
      FROM jobs j LEFT JOIN submissions s ON s.id = j.submission_id
     WHERE s.id IS NULL OR j.id NOT BETWEEN s.first_job_id AND s.first_job_id + s.jobs - 1
        OR (j.array_id IS NOT NULL AND j.kind = 'batch' AND j.array_id <> s.first_job_id)
    -- Services
    UNION ALL
    SELECT 'a replica belongs to a service', 'job ' || j.id
      FROM jobs j LEFT JOIN services s ON s.id = j.array_id WHERE j.kind = 'service' AND s.id IS NULL
    UNION ALL
    SELECT 'a service that has ended has no replicas', 'service ' || s.id
      FROM services s JOIN jobs j ON j.array_id = s.id AND j.kind = 'service' AND j.live WHERE s.ended_at IS NOT NULL
    UNION ALL
    SELECT 'a replica does not end by itself', 'job ' || id
      FROM jobs WHERE kind = 'service' AND state IN ('completed', 'failed', 'timeout', 'lost')
    UNION ALL
    SELECT 'an allocation is of its job''s kind', 'allocation ' || a.id
      FROM held a JOIN jobs j ON j.id = a.job_id WHERE a.kind <> j.kind
    UNION ALL
    SELECT 'the ids of a submission are its own', 'submission ' || id
      FROM (SELECT id, first_job_id, lag(first_job_id + jobs) OVER (ORDER BY first_job_id) AS free FROM submissions) s
     WHERE first_job_id < free
)
SELECT promise, subject FROM broken ORDER BY promise, subject;
