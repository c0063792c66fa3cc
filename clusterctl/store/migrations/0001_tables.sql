-- The nouns. What may change, and how, stands in 0002; people's own views in 0003.

-- The one clock of the cluster: Postgres's own, unless a test has set another.
CREATE FUNCTION cluster_time() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('clusterctl.now', true), '')::timestamptz, now())
$$;

-- A worker carries the sums of its live allocations, so that one CHECK makes overbooking impossible,
-- whatever any planner believes. The sums follow the allocations by trigger (0002), never by hand.
CREATE TABLE workers (
    id                   int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name                 text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    agent_id             uuid NOT NULL,               -- kept in the spool: who this agent is, across restarts
    machine_id           text NOT NULL DEFAULT '',
    boot_id              text NOT NULL DEFAULT '',
    incarnation          bigint NOT NULL DEFAULT 1,
    booted_as            bigint NOT NULL DEFAULT 1,   -- the first incarnation since its machine last started
    hostname             text NOT NULL DEFAULT '',
    version              text NOT NULL DEFAULT '',
    spool                text NOT NULL DEFAULT '',
    logs_url             text NOT NULL DEFAULT '',    -- where its agent serves output; empty: nowhere
    logs_token           text NOT NULL DEFAULT '',    -- a secret: who knows it may read that output
    agent_labels         jsonb NOT NULL DEFAULT '{}', -- what the agent says when it registers
    admin_labels         jsonb NOT NULL DEFAULT '{}', -- what operators say; null takes one of the agent's away
    labels               jsonb NOT NULL GENERATED ALWAYS AS (jsonb_strip_nulls(agent_labels || admin_labels)) STORED,
    admin_state          text NOT NULL DEFAULT 'open' CHECK (admin_state IN ('open', 'draining', 'closed')),
    live_state           text NOT NULL DEFAULT 'up' CHECK (live_state IN ('up', 'silent', 'lost')),
    live_reason          text NOT NULL DEFAULT '',
    admin_reason         text NOT NULL DEFAULT '',    -- why an operator, or the worker itself, closed it
    drain_by             timestamptz,                 -- while draining: then what still runs is stopped, and runs elsewhere
    forgotten_at         timestamptz,                 -- shown nowhere but in history, until it registers again
    trouble              text NOT NULL DEFAULT '',    -- why the agent wants no new work just now
    cpu_milli            int NOT NULL CHECK (cpu_milli > 0),
    memory_mb            int NOT NULL CHECK (memory_mb >= 0),
    gpus                 int NOT NULL DEFAULT 0 CHECK (gpus >= 0),
    reserved_milli       int NOT NULL DEFAULT 0,
    allocated_milli      int NOT NULL DEFAULT 0,
    reserved_memory_mb   int NOT NULL DEFAULT 0,
    allocated_memory_mb  int NOT NULL DEFAULT 0,
    reserved_gpus        int NOT NULL DEFAULT 0,
    allocated_gpus       int NOT NULL DEFAULT 0,
    holds_digest         bigint NOT NULL DEFAULT 0,   -- of its live allocations: while it is the same, so are they
    used_milli           int,                         -- measured; NULL: not measured yet
    used_memory_mb       int,
    load1                real,
    measured_at          timestamptz CHECK (isfinite(measured_at)),
    beat                 bigint NOT NULL DEFAULT 0,   -- counts syncs: silence is a beat that stands still
    registered_at        timestamptz NOT NULL DEFAULT cluster_time(),
    last_heartbeat_at    timestamptz NOT NULL DEFAULT cluster_time(),
    CONSTRAINT only_the_lost_are_forgotten CHECK (forgotten_at IS NULL OR live_state = 'lost'),
    CONSTRAINT only_draining_has_a_deadline CHECK (drain_by IS NULL OR admin_state = 'draining'),
    CONSTRAINT lost_holds_nothing CHECK (live_state <> 'lost' OR reserved_milli + allocated_milli = 0),
    CONSTRAINT cpus_not_oversubscribed CHECK (
        reserved_milli >= 0 AND allocated_milli >= 0 AND reserved_milli + allocated_milli <= cpu_milli),
    CONSTRAINT memory_not_oversubscribed CHECK (
        reserved_memory_mb >= 0 AND allocated_memory_mb >= 0
        AND reserved_memory_mb + allocated_memory_mb <= memory_mb),
    CONSTRAINT gpus_not_oversubscribed CHECK (
        reserved_gpus >= 0 AND allocated_gpus >= 0 AND reserved_gpus + allocated_gpus <= gpus)
) WITH (fillfactor = 50);                             -- updated at every beat: room for HOT updates

-- One row per call of submit. The ids of its jobs are contiguous: first_job_id and so many more.
CREATE TABLE submissions (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key           text UNIQUE,
    digest        text NOT NULL,                      -- of the whole request: same key, other digest = conflict
    spec          json NOT NULL,
    script        text,
    tenant        text NOT NULL,
    "user"        text NOT NULL,
    first_job_id  bigint NOT NULL,
    jobs          int NOT NULL CHECK (jobs > 0),
    submitted_at  timestamptz NOT NULL DEFAULT cluster_time()
);

CREATE INDEX submissions_of_user ON submissions ("user", id);

CREATE TABLE jobs (
    id                   bigint PRIMARY KEY,          -- from take_job_ids(), so that a submission's are contiguous
    submission_id        bigint NOT NULL,             -- no foreign key: both rows are born in one statement
    kind                 text NOT NULL DEFAULT 'batch' CHECK (kind IN ('batch', 'service')),
    name                 text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
    tenant               text NOT NULL DEFAULT 'default' CHECK (tenant ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$'),
    "user"               text NOT NULL DEFAULT '',
    priority             int NOT NULL DEFAULT 50,
    cpu_milli            int NOT NULL CHECK (cpu_milli > 0),
    memory_mb            int NOT NULL DEFAULT 0 CHECK (memory_mb >= 0),
    gpus                 int NOT NULL DEFAULT 0 CHECK (gpus >= 0),
    labels               jsonb NOT NULL DEFAULT '{}', -- the worker must carry them
    requested_worker     text,                        -- only this worker
    time_limit_s         int CHECK (time_limit_s > 0),
    array_id             bigint,
    array_index          int,
    array_limit          int CHECK (array_limit > 0),
    array_line           text CHECK (array_line IS NULL OR array_index IS NOT NULL),  -- of the array's file
    retries              int NOT NULL DEFAULT 0 CHECK (retries >= 0),
    on_worker_loss       text NOT NULL DEFAULT 'requeue' CHECK (on_worker_loss IN ('requeue', 'fail', 'wait')),
    lease_s              int NOT NULL DEFAULT 900 CHECK (lease_s > 0),
    state                text NOT NULL DEFAULT 'pending' CHECK (state IN (
                             'held', 'pending', 'scheduled', 'running',
                             'completed', 'failed', 'timeout', 'cancelled', 'lost')),
    reason               text,                        -- a word, see docs/reference/reasons.md
    detail               text NOT NULL DEFAULT '',    -- the same for people
    attempt              int NOT NULL DEFAULT 0,
    failures             int NOT NULL DEFAULT 0,      -- spent of the user's retries
    losses               int NOT NULL DEFAULT 0,      -- spent of the loss budget
    unmet                int NOT NULL DEFAULT 0 CHECK (unmet >= 0),  -- dependencies not yet satisfied
    not_before           timestamptz,                 -- NULL once it has passed: woken by the leader
    deadline             timestamptz,                 -- by when it should have ended
    start_before         timestamptz,                 -- later it could not keep its deadline: cancelled by the leader
    displaced            boolean NOT NULL DEFAULT false,  -- a replica whose worker was lost: its turn comes first
    avoid_worker_id      int,                         -- where a replica has just crashed again and again
    restarts             int NOT NULL DEFAULT 0,      -- of a replica's process, in attempts that are over
    allocation_id        bigint,                      -- the live allocation
    cancel_requested_at  timestamptz,
    submitted_at         timestamptz NOT NULL DEFAULT cluster_time(),
    scheduled_at         timestamptz,
    started_at           timestamptz,
    finished_at          timestamptz,
    exit_code            int,
    signal               int,
    -- Generated booleans carry the partial indexes, never the state itself: only a query that says so uses them.
    live   boolean NOT NULL GENERATED ALWAYS AS (state IN ('held', 'pending', 'scheduled', 'running')) STORED,
    ready  boolean NOT NULL GENERATED ALWAYS AS (
               state = 'pending' AND unmet = 0 AND not_before IS NULL) STORED,
    held   boolean NOT NULL GENERATED ALWAYS AS (state = 'held') STORED,
    waiting  boolean NOT NULL GENERATED ALWAYS AS (state IN ('held', 'pending')) STORED,
    -- A replica that has not ended. Of its own, so that nobody looks for the few of them among all that live.
    replica  boolean NOT NULL GENERATED ALWAYS AS (
                 kind = 'service' AND state IN ('held', 'pending', 'scheduled', 'running')) STORED,
    gives_up_at  timestamptz GENERATED ALWAYS AS (CASE WHEN state IN ('held', 'pending') THEN start_before END) STORED,
    -- Everything that placement looks at: jobs of one shape are interchangeable.
    shape  uuid NOT NULL GENERATED ALWAYS AS (md5(
               kind || '|' || tenant || '|' || priority::text || '|' || cpu_milli::text || '|' || memory_mb::text
               || '|' || gpus::text || '|' || coalesce(time_limit_s::text, '') || '|' || coalesce(quote_literal(requested_worker), '')
               || '|' || coalesce(array_limit::text || ':' || array_id::text, '') || '|' || labels::text
               || CASE WHEN kind = 'service' THEN '|' || displaced::text || '|' || coalesce(avoid_worker_id::text, '')
                       ELSE '' END)::uuid) STORED,
    CONSTRAINT replicas_belong_to_a_service CHECK (kind = 'batch' OR array_id IS NOT NULL),
    CONSTRAINT services_have_no_end CHECK (kind = 'batch' OR (time_limit_s IS NULL AND deadline IS NULL)),
    CONSTRAINT only_deadlines_hurry CHECK ((start_before IS NULL) = (deadline IS NULL)),
    CONSTRAINT only_replicas_move CHECK (kind = 'service' OR (NOT displaced AND avoid_worker_id IS NULL)),
    CONSTRAINT allocation_while_placed CHECK ((state IN ('scheduled', 'running')) = (allocation_id IS NOT NULL)),
    CONSTRAINT finished_has_a_time CHECK (
        (state IN ('completed', 'failed', 'timeout', 'cancelled', 'lost')) = (finished_at IS NOT NULL))
) WITH (
    fillfactor = 80,
    -- Every job leaves two dead rows of itself, and their entries in the small indexes of what lives. Autovacuum's own
    -- measure, a fifth of all rows, would let those grow with the number of jobs that have ended.
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000);
CREATE SEQUENCE job_ids OWNED BY jobs.id;
CREATE INDEX jobs_ready ON jobs (shape, submitted_at, id) WHERE ready;
CREATE INDEX jobs_live ON jobs (id) WHERE live;
CREATE INDEX jobs_held ON jobs (id) WHERE held;  -- few, so that the many that are pending can be counted without a look
CREATE INDEX jobs_placed ON jobs (id) WHERE allocation_id IS NOT NULL;
CREATE INDEX jobs_finished ON jobs (finished_at, id) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_array ON jobs (array_id, array_index) WHERE array_id IS NOT NULL;
-- Only retried jobs have attempts that may be forgotten before they are: the pruner must not look at all others.
CREATE INDEX jobs_retried ON jobs (id) WHERE attempt > 1;
CREATE INDEX jobs_waiting ON jobs (tenant) WHERE waiting;  -- for the quota of those that wait
CREATE INDEX jobs_promised ON jobs (finished_at) WHERE finished_at IS NOT NULL AND deadline IS NOT NULL;
CREATE INDEX jobs_hurrying ON jobs (gives_up_at) WHERE gives_up_at IS NOT NULL;
CREATE INDEX jobs_of_services ON jobs (array_id, id) WHERE replica;
CREATE INDEX jobs_resting ON jobs (not_before) WHERE not_before IS NOT NULL;

-- A service: replicas that are kept running. Its id is that of its first replica, and the array_id of all. How many are
-- wanted is how many of them live: `scale` makes more of them, or cancels some.
CREATE TABLE services (
    id             bigint PRIMARY KEY,
    submission_id  bigint NOT NULL,                   -- whose spec every replica runs
    name           text NOT NULL DEFAULT '',
    every_worker   boolean NOT NULL DEFAULT false,    -- --daemon: a replica for each worker, made by the leader
    slo_p99_ms     int CHECK (slo_p99_ms > 0),
    generation     int NOT NULL DEFAULT 0,            -- grows with each rolling restart that is asked for
    rolling        boolean NOT NULL DEFAULT false,    -- some replica still runs in a former generation
    created_at     timestamptz NOT NULL DEFAULT cluster_time(),
    ended_at       timestamptz                        -- when its last replica was cancelled
);
CREATE INDEX services_live ON services (id) WHERE ended_at IS NULL;
CREATE INDEX services_ended ON services (ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX services_rolling ON services (id) WHERE rolling;                 -- for the leader, at each pulse
CREATE INDEX services_everywhere ON services (id) WHERE every_worker AND ended_at IS NULL;

-- Whose jobs they are: what the operator has said of a tenant, and what it has used of late. No row: weight 1, no quota.
CREATE TABLE tenants (
    name              text PRIMARY KEY,
    weight            double precision NOT NULL DEFAULT 1 CHECK (weight > 0 AND weight < 'infinity'),
    max_cpu_milli     bigint CHECK (max_cpu_milli >= 0),      -- that its jobs may hold at once
    max_running       int CHECK (max_running >= 0),           -- jobs that may hold a worker at once
    max_pending       int CHECK (max_pending >= 0),           -- jobs that may wait at once: more are refused at submit
    -- What it has held, on average, the last half-life counting half of all that came before.
    recent_cpu_milli  double precision NOT NULL DEFAULT 0 CHECK (recent_cpu_milli BETWEEN 0 AND 1e15),
    recent_memory_mb  double precision NOT NULL DEFAULT 0 CHECK (recent_memory_mb BETWEEN 0 AND 1e15),
    recent_gpus       double precision NOT NULL DEFAULT 0 CHECK (recent_gpus BETWEEN 0 AND 1e15),
    recent_at         timestamptz
);

-- Settings of placement that operators have changed while the cluster runs; they win over the leader's own.
CREATE TABLE steering (
    name    text PRIMARY KEY,
    value   text NOT NULL,
    set_by  text NOT NULL,
    set_at  timestamptz NOT NULL DEFAULT cluster_time()
);

-- Job ids for one submission, contiguous. A sequence alone would interleave concurrent submits; the lock is
-- held for the two calls only, not until the commit, so that submits do not wait for each other's disk. It is the
-- session's, so whatever interrupts us between the two must let go of it, or nobody could ever submit again.
CREATE FUNCTION take_job_ids(n int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    first bigint;
BEGIN
    PERFORM pg_advisory_lock(4846810020240131);
    first := nextval('job_ids');
    IF n > 1 THEN
        PERFORM setval('job_ids', first + n - 1);
    END IF;
    PERFORM pg_advisory_unlock(4846810020240131);
    RETURN first;
EXCEPTION WHEN OTHERS OR query_canceled THEN
    PERFORM pg_advisory_unlock(4846810020240131);
    RAISE;
END $$;

CREATE TABLE dependencies (
    job_id     bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    parent_id  bigint NOT NULL,                       -- may be pruned before its child
    condition  text NOT NULL CHECK (condition IN ('ok', 'any', 'notok')),
    PRIMARY KEY (job_id, parent_id, condition)
);
CREATE INDEX dependencies_of_parent ON dependencies (parent_id);

-- A worker's resources, held for one attempt. The id grows with every placement: it is the fencing token.
CREATE TABLE allocations (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    job_id             bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    attempt            int NOT NULL CHECK (attempt > 0),
    worker_id          int NOT NULL REFERENCES workers,
    tenant             text NOT NULL,
    kind               text NOT NULL DEFAULT 'batch' CHECK (kind IN ('batch', 'service')),
    cpu_milli          int NOT NULL CHECK (cpu_milli > 0),
    memory_mb          int NOT NULL CHECK (memory_mb >= 0),
    gpus               int NOT NULL CHECK (gpus >= 0),
    status             text NOT NULL DEFAULT 'reserved' CHECK (status IN ('reserved', 'allocated', 'released')),
    term               bigint NOT NULL,               -- of the leader that decided
    incarnation        bigint,                        -- of the agent that started it
    start_token        uuid,                          -- names the won start; every later word about it carries it
    -- Timers that two processes must agree on are written once, here.
    start_by           timestamptz NOT NULL,
    lease_s            int,                           -- NULL: never fenced, never declared lost
    lost_after_s       int,
    grace_s            int NOT NULL,
    margin_s           int NOT NULL,
    ends_by            timestamptz CHECK (isfinite(ends_by)),  -- time limit and grace are over; NULL: nobody knows
    stop_requested_at  timestamptz,
    stop_outcome       text,
    -- Of a replica, as its agent tells it.
    ready_at           timestamptz,                   -- since when it can serve; NULL: not (yet)
    unready_since      timestamptz,                   -- since when it cannot, as far as it was told; NULL while it can
    was_ready          boolean NOT NULL DEFAULT false,  -- its process could, whether or not it still can
    restarts           int NOT NULL DEFAULT 0,        -- of its process, on this worker, since it ended by itself
    resting_until      timestamptz,                   -- its process has exited, and is started again then
    last_exit          text NOT NULL DEFAULT '',      -- of its process before
    generation         int NOT NULL DEFAULT 0,        -- which restart its worker has been asked for
    ran_generation     int,                           -- which of them its process follows
    -- What it reports of itself: over its last period, when it was told, and since it began.
    p99_ms             real CHECK (p99_ms >= 0 AND p99_ms < 'infinity'),
    requests           bigint,
    violations         bigint,
    reported_at        timestamptz,
    all_requests       bigint NOT NULL DEFAULT 0,
    all_violations     bigint NOT NULL DEFAULT 0,
    reserved_at        timestamptz NOT NULL DEFAULT cluster_time(),
    allocated_at       timestamptz,
    released_at        timestamptz,
    release_reason     text,
    exit_code          int,
    signal             int,
    detail             text NOT NULL DEFAULT '',
    retry_at           timestamptz,                   -- its job waits again, but not before
    cpu_s              real,
    memory_peak_mb     int,
    live      boolean NOT NULL GENERATED ALWAYS AS (status IN ('reserved', 'allocated')) STORED,
    reserved  boolean NOT NULL GENERATED ALWAYS AS (status = 'reserved') STORED,
    CONSTRAINT lost_only_after_the_fence CHECK (lost_after_s >= lease_s + grace_s + margin_s),
    CONSTRAINT lease_and_loss_together CHECK ((lease_s IS NULL) = (lost_after_s IS NULL)),
    CONSTRAINT started_has_a_token CHECK (
        status <> 'allocated' OR (start_token IS NOT NULL AND incarnation IS NOT NULL AND allocated_at IS NOT NULL)),
    CONSTRAINT released_has_a_reason CHECK (
        (status = 'released') = (released_at IS NOT NULL AND release_reason IS NOT NULL))
) WITH (
    fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000);  -- as jobs
CREATE UNIQUE INDEX one_live_allocation_per_job ON allocations (job_id) WHERE live;
CREATE UNIQUE INDEX one_allocation_per_attempt ON allocations (job_id, attempt);
CREATE INDEX allocations_live ON allocations (worker_id, id) WHERE live;
CREATE INDEX allocations_reserved ON allocations (worker_id, id) WHERE reserved;
CREATE INDEX allocations_ending ON allocations (worker_id, ends_by) WHERE live AND ends_by IS NOT NULL;
CREATE INDEX allocations_of_services ON allocations (worker_id, id) WHERE live AND kind = 'service';
CREATE INDEX allocations_released ON allocations (released_at) WHERE released_at IS NOT NULL;

-- The claim log. A "no" that is said again is folded into the open row of its shape: repeats grows, last_at moves.
CREATE TABLE claims (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at             timestamptz NOT NULL DEFAULT cluster_time(),
    last_at        timestamptz NOT NULL DEFAULT cluster_time(),
    closed_at      timestamptz,                       -- since when a folded "no" no longer stands
    round          bigint,                            -- NULL: no round decided it, as a release
    event          text NOT NULL CHECK (
                       event IN ('Claimed', 'ClaimSkipped', 'Released', 'ClaimEligibility', 'ClaimAttempt')),
    job_id         bigint,                            -- of a folded "no": the first in line
    shape          uuid,                              -- of a folded "no" only
    worker_id      int,
    allocation_id  bigint,
    policy         text,
    score          double precision,
    candidates     int,
    reason         text,
    reasons        jsonb NOT NULL DEFAULT '{}',       -- per filter, how many workers it removed
    duration_ms    real,                              -- from the look at the cluster to this row
    repeats        int NOT NULL DEFAULT 1,
    open           boolean NOT NULL DEFAULT false,    -- this is why the shape waits, now
    detail         jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT open_until_closed CHECK (NOT open OR (shape IS NOT NULL AND closed_at IS NULL))
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000);  -- two a job are pruned
CREATE UNIQUE INDEX one_open_claim_per_shape ON claims (shape) WHERE open;
-- Only refusals have a shape, and only folding moves last_at: no index on it, so that folding is cheap.
CREATE INDEX claims_of_shape ON claims (shape, at) WHERE shape IS NOT NULL;
CREATE INDEX claims_closed ON claims (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX claims_of_job ON claims (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX claims_by_time ON claims (at);

-- The last rounds that gave something, or refused something anew: when, how the workers stood then, and by which rules.
-- From it and the job the table of candidates of a decision is made again.
CREATE TABLE rounds (
    number   bigint PRIMARY KEY,                      -- never given twice, whoever leads
    term     bigint NOT NULL,
    at       timestamptz NOT NULL,                    -- of the look
    took_ms  real NOT NULL,
    claims   int NOT NULL,
    waits    int NOT NULL,
    rules    jsonb NOT NULL,
    kept_worker_id bigint,                           -- for the first that waited for room (NULL: none)
    -- Read as a whole or not at all, so nobody need take them apart: what it saw, and what was measured by then.
    workers  json NOT NULL,
    measures json NOT NULL
);
CREATE INDEX rounds_by_time ON rounds (at);
-- Each schedd takes a thousand numbers at once, so that none is ever given to two rounds, whoever leads.
CREATE SEQUENCE round_numbers INCREMENT BY 1000 OWNED BY rounds.number;

-- Who decides. UNIQUE on term makes a takeover wait for the open transactions of the old leader (FOR KEY SHARE),
-- while its renewals, which leave the term alone, wait for nobody.
CREATE TABLE leader (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    term        bigint NOT NULL UNIQUE,
    holder      text NOT NULL DEFAULT '',
    renewals    bigint NOT NULL DEFAULT 0,
    rounds      bigint NOT NULL DEFAULT 0,
    since       timestamptz,
    renewed_at  timestamptz,                          -- it lives
    decided_at  timestamptz                           -- it decides: renewed with more rounds than before
);
INSERT INTO leader (term) VALUES (0);

-- Measures over time: of a worker (allocation_id NULL), or of one attempt.
CREATE TABLE samples (
    at              timestamptz NOT NULL DEFAULT cluster_time(),
    worker_id       int NOT NULL,
    allocation_id   bigint,
    used_milli      int NOT NULL,
    memory_mb       int NOT NULL,
    memory_peak_mb  int NOT NULL DEFAULT 0,
    processes       int NOT NULL DEFAULT 0,
    read_mb         int NOT NULL DEFAULT 0,
    write_mb        int NOT NULL DEFAULT 0,
    load1           real
);
CREATE INDEX samples_of_worker ON samples (worker_id, at) WHERE allocation_id IS NULL;
CREATE INDEX samples_of_allocation ON samples (allocation_id, at) WHERE allocation_id IS NOT NULL;
CREATE INDEX samples_by_time ON samples (at);

-- How the cluster fared: a row every few seconds, by the leader. What was at that moment, and how much has happened
-- since the row before: of what it covers, later rows say nothing again. CPUs in thousandths, memory in MiB.
CREATE TABLE history (
    at               timestamptz PRIMARY KEY,
    span_s           real NOT NULL CHECK (span_s > 0),  -- up to then; what was before it, nobody has seen
    pending          int NOT NULL,
    scheduled        int NOT NULL,
    running          int NOT NULL,
    held             int NOT NULL,
    oldest_wait_s    real,
    cpu_total        bigint NOT NULL,                 -- of workers that are up, as the next three
    cpu_reserved     bigint NOT NULL,
    cpu_allocated    bigint NOT NULL,
    cpu_used         bigint,
    memory_total     bigint NOT NULL,
    memory_held      bigint NOT NULL,
    memory_used      bigint,
    workers_up       int NOT NULL,
    workers_silent   int NOT NULL,
    workers_lost     int NOT NULL,
    claims           int NOT NULL,
    conflicts        int NOT NULL,                    -- claims that met a changed world
    completed        int NOT NULL,
    failed           int NOT NULL,                    -- with those that took too long, and those that were lost
    cancelled        int NOT NULL,
    wait_p50_s       real,                            -- of the jobs whose first claims these were
    wait_p95_s       real
);

-- Who did what, and reports that came too late to change anything.
CREATE TABLE audit (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT cluster_time(),
    actor    text NOT NULL,
    verb     text NOT NULL,
    subject  text NOT NULL,
    reason   text NOT NULL DEFAULT '',
    detail   jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_of_subject ON audit (subject);
