-- For people's own SQL. Columns are only ever added.

CREATE VIEW v_queue AS
SELECT j.id, j.name, j.state,
       coalesce(j.reason, CASE WHEN j.state = 'held' THEN 'held' WHEN j.unmet > 0 THEN 'dependency'
                               WHEN j.not_before IS NOT NULL THEN 'not_before'
                               WHEN j.ready THEN coalesce(c.reason, 'not_looked_at_yet') END) AS reason,
       j.tenant, j."user", j.priority, j.cpu_milli / 1000.0 AS cpus, j.memory_mb, j.gpus,
       w.name AS worker, j.attempt, j.array_id, j.array_index, j.submitted_at,
       extract(epoch FROM cluster_time() - j.submitted_at) AS age_s
  FROM jobs j
  LEFT JOIN claims c ON j.ready AND c.shape = j.shape AND c.open
  LEFT JOIN allocations a ON a.id = j.allocation_id
  LEFT JOIN workers w ON w.id = a.worker_id
 WHERE j.live;

CREATE VIEW v_workers AS
SELECT name, hostname, admin_state, drain_by, live_state, live_reason, incarnation, version, labels,
       cpu_milli / 1000.0 AS cpus_total, reserved_milli / 1000.0 AS cpus_reserved,
       allocated_milli / 1000.0 AS cpus_allocated, used_milli / 1000.0 AS cpus_used,
       memory_mb AS memory_mb_total, reserved_memory_mb AS memory_mb_reserved,
       allocated_memory_mb AS memory_mb_allocated, used_memory_mb AS memory_mb_used,
       gpus AS gpus_total, reserved_gpus AS gpus_reserved, allocated_gpus AS gpus_allocated,
       load1, registered_at, last_heartbeat_at,
       extract(epoch FROM cluster_time() - last_heartbeat_at) AS heartbeat_age_s
  FROM workers WHERE forgotten_at IS NULL;

CREATE VIEW v_usage AS
SELECT tenant, count(*) FILTER (WHERE status = 'reserved') AS reserved,
       count(*) FILTER (WHERE status = 'allocated') AS allocated,
       sum(cpu_milli) / 1000.0 AS cpus, sum(memory_mb) AS memory_mb, sum(gpus) AS gpus
  FROM allocations WHERE live GROUP BY tenant;
