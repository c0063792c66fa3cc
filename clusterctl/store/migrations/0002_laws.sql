-- The laws: what the database refuses, whoever writes. Every refusal has its own SQLSTATE:
--   CC001 illegal step   CC002 worker does not accept   CC003 job and allocation disagree
--   CC004 old incarnation   CC005 stale leader   CC006 counters follow allocations   CC007 too many of a tenant wait

CREATE FUNCTION refuse_illegal_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'illegal step in %: id % % -> %', TG_TABLE_NAME, OLD.id, to_jsonb(OLD), to_jsonb(NEW)
            USING ERRCODE = 'CC001';
    END IF;
    RAISE EXCEPTION 'illegal % in %', lower(TG_OP), TG_TABLE_NAME USING ERRCODE = 'CC001';
END $$;

-- Row triggers whose body never runs in a healthy cluster: the WHEN clause is all that they cost.
-- Tested against JOB_STEPS and ALLOCATION_STEPS in clusterctl/model/states.py.
CREATE TRIGGER jobs_are_born_waiting BEFORE INSERT ON jobs FOR EACH ROW
    WHEN (NEW.state NOT IN ('held', 'pending', 'cancelled') OR NEW.attempt <> 0)
    EXECUTE FUNCTION refuse_illegal_step();
CREATE TRIGGER jobs_step_legally BEFORE UPDATE ON jobs FOR EACH ROW
    WHEN (NEW.attempt < OLD.attempt
          OR (NEW.id, NEW.submission_id) IS DISTINCT FROM (OLD.id, OLD.submission_id)
          OR (NEW.state <> OLD.state AND NOT CASE OLD.state
                WHEN 'held' THEN NEW.state IN ('pending', 'cancelled')
                WHEN 'pending' THEN NEW.state IN ('held', 'scheduled', 'cancelled')
                WHEN 'scheduled' THEN NEW.state IN ('pending', 'held', 'running', 'cancelled')
                WHEN 'running' THEN NEW.state IN (
                    'pending', 'held', 'completed', 'failed', 'timeout', 'cancelled', 'lost')
                ELSE false END))
    EXECUTE FUNCTION refuse_illegal_step();
CREATE TRIGGER live_jobs_stay BEFORE DELETE ON jobs FOR EACH ROW
    WHEN (OLD.live) EXECUTE FUNCTION refuse_illegal_step();

CREATE TRIGGER allocations_are_born_reserved BEFORE INSERT ON allocations FOR EACH ROW
    WHEN (NEW.status <> 'reserved') EXECUTE FUNCTION refuse_illegal_step();
CREATE TRIGGER allocations_step_legally BEFORE UPDATE ON allocations FOR EACH ROW
    WHEN ((NEW.status <> OLD.status AND NOT CASE OLD.status
                WHEN 'reserved' THEN NEW.status IN ('allocated', 'released')
                WHEN 'allocated' THEN NEW.status = 'released'
                ELSE false END)
          OR OLD.status = 'released'                  -- what has ended is history: a late word changes nothing
          OR (NEW.id, NEW.job_id, NEW.attempt, NEW.worker_id, NEW.tenant, NEW.kind, NEW.cpu_milli, NEW.memory_mb,
              NEW.gpus, NEW.term, NEW.start_by, NEW.lease_s, NEW.lost_after_s, NEW.grace_s, NEW.margin_s) IS DISTINCT FROM
             (OLD.id, OLD.job_id, OLD.attempt, OLD.worker_id, OLD.tenant, OLD.kind, OLD.cpu_milli, OLD.memory_mb,
              OLD.gpus, OLD.term, OLD.start_by, OLD.lease_s, OLD.lost_after_s, OLD.grace_s, OLD.margin_s)
          OR (OLD.start_token IS NOT NULL AND (NEW.start_token, NEW.incarnation) IS DISTINCT FROM
                                              (OLD.start_token, OLD.incarnation))
          OR (NEW.start_token IS NOT NULL AND OLD.start_token IS NULL AND NEW.status <> 'allocated'))
    EXECUTE FUNCTION refuse_illegal_step();
CREATE TRIGGER live_allocations_stay BEFORE DELETE ON allocations FOR EACH ROW
    WHEN (OLD.status <> 'released') EXECUTE FUNCTION refuse_illegal_step();

-- What one live allocation adds, by XOR, to the digest of what its worker holds: who knows what a worker held under
-- that digest need not read it again. It covers all of an allocation that may change while it is live and that the
-- leader looks at. A digest, not a count of changes: whatever order they become visible in, it tells what is there.
CREATE FUNCTION holding_digest(allocation_id bigint, ends_by timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT hashint8extended(allocation_id, coalesce((1000000 * extract(epoch FROM ends_by))::bigint, 0))
$$;

CREATE FUNCTION refuse_counters() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Where the laws were once switched off, counters may be put right: to what the allocations say, and nothing else.
    IF TG_OP = 'UPDATE' AND (NEW.reserved_milli, NEW.allocated_milli, NEW.reserved_memory_mb, NEW.allocated_memory_mb,
                             NEW.reserved_gpus, NEW.allocated_gpus, NEW.holds_digest) = (
           SELECT coalesce(sum(cpu_milli) FILTER (WHERE reserved), 0),
                  coalesce(sum(cpu_milli) FILTER (WHERE NOT reserved), 0),
                  coalesce(sum(memory_mb) FILTER (WHERE reserved), 0),
                  coalesce(sum(memory_mb) FILTER (WHERE NOT reserved), 0),
                  coalesce(sum(gpus) FILTER (WHERE reserved), 0), coalesce(sum(gpus) FILTER (WHERE NOT reserved), 0),
                  coalesce(bit_xor(holding_digest(id, ends_by)), 0)
             FROM allocations WHERE worker_id = NEW.id AND live) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the counters of worker % follow its allocations', NEW.name USING ERRCODE = 'CC006';
END $$;
-- Depth 0: written by hand. The triggers below write at depth 1.
CREATE TRIGGER counters_follow_allocations BEFORE UPDATE ON workers FOR EACH ROW
    WHEN (pg_trigger_depth() = 0
          AND (NEW.reserved_milli, NEW.allocated_milli, NEW.reserved_memory_mb, NEW.allocated_memory_mb,
               NEW.reserved_gpus, NEW.allocated_gpus, NEW.holds_digest) IS DISTINCT FROM
              (OLD.reserved_milli, OLD.allocated_milli, OLD.reserved_memory_mb, OLD.allocated_memory_mb,
               OLD.reserved_gpus, OLD.allocated_gpus, OLD.holds_digest))
    EXECUTE FUNCTION refuse_counters();
CREATE TRIGGER workers_join_empty BEFORE INSERT ON workers FOR EACH ROW
    WHEN (NEW.reserved_milli <> 0 OR NEW.allocated_milli <> 0 OR NEW.reserved_memory_mb <> 0
          OR NEW.allocated_memory_mb <> 0 OR NEW.reserved_gpus <> 0 OR NEW.allocated_gpus <> 0 OR NEW.holds_digest <> 0)
    EXECUTE FUNCTION refuse_counters();
CREATE TRIGGER incarnations_only_grow BEFORE UPDATE ON workers FOR EACH ROW
    WHEN (NEW.id <> OLD.id OR NEW.incarnation < OLD.incarnation) EXECUTE FUNCTION refuse_illegal_step();

-- What a leader writes, it writes WHERE (SELECT lead_as(term)), outermost: asked once, and before all else. The lock is
-- held until the end of the transaction: a takeover, which changes the term, waits for it; a renewal does not.
CREATE FUNCTION lead_as(my_term bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM leader WHERE term = my_term FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'stale leader: term % is over', my_term USING ERRCODE = 'CC005';
    END IF;
    RETURN true;
END $$;

-- Statement triggers: one pass over all rows that a statement changed. The planner knows nothing of the size of
-- transition tables, and keeps the plan that it made for the first, which may have been for one row. So what belongs
-- to a row is fetched by primary key, in a LATERAL subselect that OFFSET 0 keeps Postgres from turning round; and the
-- two transition tables are never joined to each other (row by row, that would be quadratic), but grouped, one upon the
-- other.
CREATE FUNCTION count_reserved() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off AS $$
DECLARE
    accepting int;
BEGIN
    IF NOT EXISTS (SELECT FROM fresh) THEN
        RETURN NULL;
    END IF;
    PERFORM lead_as(term) FROM (SELECT DISTINCT term FROM fresh) terms;
    PERFORM FROM workers WHERE id IN (SELECT worker_id FROM fresh) ORDER BY id FOR NO KEY UPDATE;
    UPDATE workers w
       SET reserved_milli = w.reserved_milli + d.cpu_milli,
           reserved_memory_mb = w.reserved_memory_mb + d.memory_mb,
           reserved_gpus = w.reserved_gpus + d.gpus,
           holds_digest = w.holds_digest # d.digest
      FROM (SELECT worker_id, sum(cpu_milli) AS cpu_milli, sum(memory_mb) AS memory_mb, sum(gpus) AS gpus,
                   bit_xor(holding_digest(id, ends_by)) AS digest
              FROM fresh GROUP BY worker_id) d
     WHERE w.id = d.worker_id AND w.admin_state = 'open' AND w.live_state = 'up' AND w.trouble = '';
    GET DIAGNOSTICS accepting = ROW_COUNT;
    IF accepting <> (SELECT count(DISTINCT worker_id) FROM fresh) THEN
        RAISE EXCEPTION 'a worker does not accept jobs' USING ERRCODE = 'CC002';
    END IF;
    IF EXISTS (SELECT FROM fresh a CROSS JOIN LATERAL (SELECT * FROM jobs WHERE id = a.job_id OFFSET 0) j
                WHERE j.allocation_id IS DISTINCT FROM a.id OR j.attempt <> a.attempt OR j.state <> 'scheduled') THEN
        RAISE EXCEPTION 'job and allocation disagree' USING ERRCODE = 'CC003';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER count_reserved AFTER INSERT ON allocations REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION count_reserved();

CREATE FUNCTION count_steps() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off AS $$
DECLARE
    touched int[];                                    -- workers of which an allocation has taken a step, or ends otherwise
    won bigint[];                                     -- allocations that were started
BEGIN
    SELECT array_agg(DISTINCT worker_id), array_agg(id) FILTER (WHERE is_won) INTO touched, won
      FROM (SELECT id, min(worker_id) AS worker_id,
                   bool_or(earlier AND status = 'reserved') AND bool_or(NOT earlier AND status = 'allocated') AS is_won
              FROM (SELECT id, worker_id, status, coalesce(ends_by, 'infinity') AS ends_by, true AS earlier FROM former
                    UNION ALL
                    SELECT id, worker_id, status, coalesce(ends_by, 'infinity'), false FROM later) both_sides
             GROUP BY id HAVING min(status) <> max(status) OR min(ends_by) <> max(ends_by)) steps;
    IF touched IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM FROM workers WHERE id = ANY (touched) ORDER BY id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM unnest(won) s(id)
                CROSS JOIN LATERAL (SELECT * FROM allocations WHERE id = s.id OFFSET 0) a
                CROSS JOIN LATERAL (SELECT * FROM workers WHERE id = a.worker_id OFFSET 0) w
                WHERE a.incarnation IS DISTINCT FROM w.incarnation) THEN
        RAISE EXCEPTION 'an old incarnation of a worker may not start jobs' USING ERRCODE = 'CC004';
    END IF;
    UPDATE workers w
       SET reserved_milli = w.reserved_milli + d.reserved_milli,
           allocated_milli = w.allocated_milli + d.allocated_milli,
           reserved_memory_mb = w.reserved_memory_mb + d.reserved_memory_mb,
           allocated_memory_mb = w.allocated_memory_mb + d.allocated_memory_mb,
           reserved_gpus = w.reserved_gpus + d.reserved_gpus,
           allocated_gpus = w.allocated_gpus + d.allocated_gpus,
           holds_digest = w.holds_digest # d.digest
      FROM (SELECT worker_id,
                   sum(sign * cpu_milli * (status = 'reserved')::int) AS reserved_milli,
                   sum(sign * cpu_milli * (status = 'allocated')::int) AS allocated_milli,
                   sum(sign * memory_mb * (status = 'reserved')::int) AS reserved_memory_mb,
                   sum(sign * memory_mb * (status = 'allocated')::int) AS allocated_memory_mb,
                   sum(sign * gpus * (status = 'reserved')::int) AS reserved_gpus,
                   sum(sign * gpus * (status = 'allocated')::int) AS allocated_gpus,
                   coalesce(bit_xor(holding_digest(id, ends_by)) FILTER (WHERE live), 0) AS digest
              FROM (SELECT -1 AS sign, id, worker_id, status, live, ends_by, cpu_milli, memory_mb, gpus FROM former
                    UNION ALL
                    SELECT 1, id, worker_id, status, live, ends_by, cpu_milli, memory_mb, gpus FROM later) both_sides
             GROUP BY worker_id) d
     WHERE w.id = d.worker_id AND w.id = ANY (touched);
    IF EXISTS (SELECT FROM later a CROSS JOIN LATERAL (SELECT * FROM jobs WHERE id = a.job_id OFFSET 0) j
                WHERE a.live <> (j.allocation_id IS NOT DISTINCT FROM a.id)
                   OR (a.live AND j.state <> CASE a.status WHEN 'reserved' THEN 'scheduled' ELSE 'running' END)) THEN
        RAISE EXCEPTION 'job and allocation disagree' USING ERRCODE = 'CC003';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER count_steps AFTER UPDATE ON allocations REFERENCING OLD TABLE AS former NEW TABLE AS later
    FOR EACH STATEMENT EXECUTE FUNCTION count_steps();

-- The claim log tells of every release, whoever wrote it. What was released before cannot be among these: history does
-- not change.
CREATE FUNCTION log_releases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO claims (event, job_id, worker_id, allocation_id, reason, detail)
    SELECT 'Released', job_id, worker_id, id, release_reason, jsonb_strip_nulls(jsonb_build_object(
               'attempt', attempt, 'exit_code', exit_code, 'signal', signal, 'text', nullif(detail, ''),
               'ran_s', round(extract(epoch FROM released_at - allocated_at), 3)))
      FROM later WHERE status = 'released' ORDER BY id;
    RETURN NULL;
END $$;
CREATE TRIGGER log_releases AFTER UPDATE ON allocations REFERENCING NEW TABLE AS later
    FOR EACH STATEMENT EXECUTE FUNCTION log_releases();

CREATE FUNCTION agree_with_allocations() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off AS $$
BEGIN
    IF EXISTS (SELECT FROM later j
                 LEFT JOIN LATERAL (SELECT * FROM allocations WHERE id = j.allocation_id OFFSET 0) a ON true
                WHERE j.allocation_id IS NOT NULL
                  AND (a.job_id IS DISTINCT FROM j.id
                       OR a.status IS DISTINCT FROM CASE j.state WHEN 'scheduled' THEN 'reserved' ELSE 'allocated' END))
    OR EXISTS (SELECT FROM former o
                CROSS JOIN LATERAL (SELECT * FROM allocations WHERE id = o.allocation_id OFFSET 0) a
                CROSS JOIN LATERAL (SELECT * FROM jobs WHERE id = a.job_id OFFSET 0) j
                WHERE a.live AND j.allocation_id IS DISTINCT FROM a.id) THEN
        RAISE EXCEPTION 'job and allocation disagree' USING ERRCODE = 'CC003';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER agree_with_allocations AFTER UPDATE ON jobs REFERENCING OLD TABLE AS former NEW TABLE AS later
    FOR EACH STATEMENT EXECUTE FUNCTION agree_with_allocations();

-- No tenant has more jobs that wait than its quota says, however many submit at once: its row is locked first, and only
-- then it is counted. What waits again later, after a loss say, was let in before. The leader itself makes the replicas
-- of a service that has one on every worker; these are let in always.
CREATE FUNCTION keep_pending_quotas() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off AS $$
DECLARE
    excess record;
BEGIN
    PERFORM FROM tenants WHERE max_pending IS NOT NULL AND name IN (SELECT tenant FROM fresh)
      ORDER BY name FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT t.name, t.max_pending, c.before, c.new INTO excess
      FROM tenants t
     CROSS JOIN LATERAL (
           SELECT count(*) FILTER (WHERE submission_id NOT IN (SELECT id FROM fresh)) AS before,
                  count(*) FILTER (WHERE submission_id IN (SELECT id FROM fresh) AND NOT EXISTS (
                      SELECT FROM services s WHERE j.kind = 'service' AND s.id = j.array_id AND s.every_worker)) AS new
             FROM jobs j WHERE j.waiting AND j.tenant = t.name) c
     WHERE t.max_pending IS NOT NULL AND t.name IN (SELECT tenant FROM fresh)
       AND c.new > 0 AND c.before + c.new > t.max_pending
     ORDER BY t.name LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'tenant % may have % waiting jobs: % wait, and this would add %',
            excess.name, excess.max_pending, excess.before, excess.new USING ERRCODE = 'CC007';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_pending_quotas AFTER INSERT ON submissions REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION keep_pending_quotas();

-- The end of a job is told to those that wait for it, whoever wrote it, and also when the child was submitted while
-- the parent ended: a trigger reads with a fresh snapshot, a CTE would not. A child that can never start is
-- cancelled, which is an end again: a loop, not recursion, so that a long chain does not exhaust the stack.
CREATE FUNCTION tell_dependents() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off
    SET plan_cache_mode = force_generic_plan AS $$  -- planned once, not for each link of a chain
DECLARE
    ended bigint[];
BEGIN
    SELECT array_agg(id) INTO ended
      FROM (SELECT id FROM (SELECT id, live FROM former UNION ALL SELECT id, live FROM later) both_sides
             GROUP BY id HAVING bool_or(live) AND NOT bool_and(live)) ends  -- live and then not: no other way round
     WHERE EXISTS (SELECT FROM dependencies d WHERE d.parent_id = ends.id);
    WHILE ended IS NOT NULL LOOP
        WITH verdicts AS MATERIALIZED (
            SELECT d.job_id, count(*) FILTER (WHERE satisfied) AS met, bool_or(NOT satisfied) AS never
              FROM (SELECT d.job_id, CASE d.condition WHEN 'any' THEN true
                                     WHEN 'ok' THEN p.state = 'completed' ELSE p.state <> 'completed' END AS satisfied
                      FROM unnest(ended) e(id) JOIN jobs p ON p.id = e.id JOIN dependencies d ON d.parent_id = p.id) d
             GROUP BY d.job_id
        ), children AS MATERIALIZED (
            SELECT j.id, v.met, v.never FROM verdicts v JOIN jobs j ON j.id = v.job_id
             WHERE j.state IN ('held', 'pending') ORDER BY j.id FOR UPDATE OF j
        ), told AS (
            UPDATE jobs j
               SET unmet = j.unmet - c.met,
                   state = CASE WHEN c.never THEN 'cancelled' ELSE j.state END,
                   reason = CASE WHEN c.never THEN 'dependency_never' ELSE j.reason END,
                   detail = CASE WHEN c.never THEN 'a job that it waited for ended otherwise' ELSE j.detail END,
                   finished_at = CASE WHEN c.never THEN cluster_time() END
              FROM children c WHERE j.id = c.id
            RETURNING j.id, c.never
        )
        SELECT array_agg(id) INTO ended FROM told WHERE never;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_dependents AFTER UPDATE ON jobs REFERENCING OLD TABLE AS former NEW TABLE AS later
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)  -- not for our own UPDATE, the loop sees to that
    EXECUTE FUNCTION tell_dependents();

-- A service ends with its last replica, whoever cancels that. Of two who cancel the last two at once, the second waits
-- for the row of the service, and then sees what the first has done: a statement of a trigger has a fresh snapshot.
CREATE FUNCTION end_services() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off AS $$
DECLARE
    touched bigint[];
BEGIN
    SELECT array_agg(DISTINCT array_id ORDER BY array_id) INTO touched
      FROM later WHERE kind = 'service' AND state = 'cancelled';
    IF touched IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM FROM services WHERE id = ANY (touched) ORDER BY id FOR NO KEY UPDATE;
    UPDATE services s SET ended_at = cluster_time(), rolling = false
     WHERE s.id = ANY (touched) AND s.ended_at IS NULL
       AND NOT EXISTS (SELECT FROM jobs j WHERE j.array_id = s.id AND j.replica);
    RETURN NULL;
END $$;
CREATE TRIGGER end_services AFTER UPDATE ON jobs REFERENCING NEW TABLE AS later
    FOR EACH STATEMENT EXECUTE FUNCTION end_services();

-- The worker, not the job, is to blame: it spends the loss budget, not the user's retries. Tested, like the two below,
-- against clusterctl/model/states.py.
CREATE FUNCTION is_loss(outcome text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT outcome IN ('never_started', 'supervisor_lost', 'lease_expired', 'worker_rebooted', 'worker_lost')
$$;

-- Nobody is to blame: no start was won, or an operator stopped the worker, or the attempt. It spends nothing.
CREATE FUNCTION is_free_return(outcome text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT outcome IN ('start_timeout', 'worker_stopped', 'requeued')
$$;

-- What becomes of a job when its allocation is released. A replica never ends by itself.
CREATE FUNCTION state_after(
    kind text, outcome text, exit_code int, cancelled boolean, failures int, retries int, losses int,
    on_worker_loss text
) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN kind = 'batch' AND outcome = 'exited' AND exit_code = 0 THEN 'completed'
        WHEN cancelled OR outcome = 'cancelled' THEN 'cancelled'
        WHEN outcome = 'held' THEN 'held'
        WHEN kind = 'service' OR is_free_return(outcome) THEN 'pending'
        WHEN outcome = 'time_limit' THEN 'timeout'
        WHEN is_loss(outcome) THEN
            CASE WHEN on_worker_loss = 'fail' THEN 'failed' WHEN losses < 5 THEN 'pending' ELSE 'lost' END
        WHEN failures < retries THEN 'pending'
        ELSE 'failed'
    END
$$;
