#!/usr/bin/env bash
# A complete Holdfast worker in bash and psql, to read as much as to run: what it does here is all that a worker in any
# language has to do. It does three small runs from the submit to the end and checks what became of them.
#
#   worker.sh postgres://…      exit code 0 and "ok" as the last line if all is well
#
# The database has to be migrated, and the login has to be allowed to become holdfast_worker and holdfast_reader.
#
# The protocol in short. A worker
#   1. registers with the kinds of step that it does, and gets a number;
#   2. calls exchange over and over: it hands in what it finished and gets new steps, in one transaction.
#      Each step comes with a fence, the token of this very attempt; everything said about the step carries it;
#   3. fetches what a step is (its body) once by body_id: bodies never change;
#   4. calls heartbeat about every third of the lease time, which keeps its steps and says which of them it has to stop;
#   5. calls tick about once a second: whoever does, does it for all;
#   6. leaves, which hands back at once what it still holds.
# If it dies instead, its steps go to another worker when its lease is over, and nothing that it says later is accepted.
set -euo pipefail

url=${1:?usage: worker.sh DATABASE-URL}
separator=$'\x1f'
# Kinds of step that only this script offers, so that no other worker of the database takes its steps.
greet="psql-$$/greet"
ask="psql-$$/ask"

# sql ROLE NAME=VALUE… : runs the SQL on stdin in a role; the SQL names the values as :'NAME'. One line a row, fields apart.
sql() {
  local role=$1 pair
  local -a variables=()
  shift
  for pair in "$@"; do variables+=(-v "$pair"); done
  PGOPTIONS="-c role=$role -c client_min_messages=warning" \
    psql -X -q -A -t -F "$separator" -v ON_ERROR_STOP=1 -v VERBOSITY=terse "${variables[@]}" "$url"
}

worker() { sql holdfast_worker "$@"; }  # the protocol: functions only
reader() { sql holdfast_reader "$@"; }  # the status: views only

fail() {
  echo "worker.sh: $*" >&2
  exit 1
}

equal() {  # equal WHAT GOT WANTED
  [[ $2 == "$3" ]] || fail "$1 is '$2' and not '$3'"
}

refused() {  # refused ROLE SQL : this role may not do this
  local answer
  if answer=$(sql "$1" <<<"$2" 2>&1); then fail "$1 may do: $2"; fi
  [[ $answer == *"permission denied"* ]] || fail "$1 was refused for another reason: $answer"
}

# 1. Register. Four slots, two kinds; the rest takes its defaults: no labels, all queues, the lease time of the settings.
register() {
  worker name="$1" greet="$greet" ask="$ask" <<'SQL'
select holdfast.register(p_name => :'name', p_slots => 4, p_kinds => array[:'greet', :'ask'], p_version => 'psql');
SQL
}

# 2. Exchange. Nothing to report: take up to so many steps. Fields of a line: what, step_id, fence, body_id, name, attempt,
# wakes, context, payload.
claim() {  # claim WORKER HOW-MANY
  worker worker="$1" want="$2" <<'SQL'
select what, step_id, fence, body_id, name, attempt, wakes, context, payload
from holdfast.exchange(p_worker => :'worker', p_want => :'want');
SQL
}

# … and a report, with nothing taken. Outcomes and their details:
#   succeeded  the outputs, an object, or null
#   failed     {"class": "retryable" | "permanent" | "throttled", "message": …, "retryAfter": seconds}
#   wait       {"reason": …, "wakeAfter": seconds, "signal": name}: the step is parked and costs nothing meanwhile
#   returned   null: not done, for another worker
# The answer is empty, or says "stale": the step is no longer ours, and nothing was written.
report() {  # report WORKER STEP FENCE OUTCOME DETAIL
  worker worker="$1" step="$2" fence="$3" outcome="$4" detail="$5" <<'SQL'
select what from holdfast.exchange(
  p_worker => :'worker', p_steps => array[:'step'::bigint], p_fences => array[:'fence'::bigint],
  p_outcomes => array[:'outcome'], p_details => array[:'detail'::jsonb]);
SQL
}

# 3. Bodies: what a step is, in the words of its plan. Fetched once for each body_id.
declare -A uses_of=()
fetch_body() {  # fetch_body BODY
  [[ -n ${uses_of[$1]:-} ]] || uses_of[$1]=$(worker body="$1" <<<"select uses from holdfast.bodies(array[:'body'::bigint]);")
}

# 4. Heartbeat, with the steps that we believe to hold. Fields of a line: step_id, fence, stale, reason; none if all is well.
heartbeat() {  # heartbeat WORKER STEP FENCE
  worker worker="$1" step="$2" fence="$3" <<'SQL'
select step_id, fence, stale, reason
from holdfast.heartbeat(:'worker', array[:'step'::bigint], array[:'fence'::bigint]);
SQL
}

# One turn: take what there is and do it. The work itself is in perform.
turn() {  # turn WORKER
  local what step fence body name attempt wakes context payload
  while IFS=$separator read -r what step fence body name attempt wakes context payload; do
    [[ $what == step ]] || fail "the worker was told: $what"
    fetch_body "$body"
    perform "$1" "$step" "$fence" "${uses_of[$body]}" "$name" "$attempt" "$context" "$payload"
  done < <(claim "$1" 4)
}

answer_of_note=
perform() {  # perform WORKER STEP FENCE USES NAME ATTEMPT CONTEXT PAYLOAD
  local answer
  case $4:$5 in
    # Done: the outputs are seen by the steps that refer to this one.
    "$greet:hello") answer=$(report "$1" "$2" "$3" succeeded '{"greeting": "hello"}') ;;
    # Fails at first: it comes back after a pause, as attempt 2.
    "$greet:flaky")
      if ((${6} == 1)); then
        answer=$(report "$1" "$2" "$3" failed '{"class": "retryable", "message": "not yet"}')
      else
        answer=$(report "$1" "$2" "$3" succeeded null)
      fi
      ;;
    # Fails for good.
    "$greet:broken") answer=$(report "$1" "$2" "$3" failed '{"class": "permanent", "message": "it is broken"}') ;;
    # Waits for a signal; woken, it finds what the signal carried in payload.
    "$ask:approval")
      if [[ -z $8 ]]; then
        answer=$(report "$1" "$2" "$3" wait '{"reason": "waits for an approval", "signal": "approved"}')
      else
        answer=$(report "$1" "$2" "$3" succeeded "$8")
      fi
      ;;
    # Sees parameters and outputs of others in its context, as its refs and params ask for.
    "$greet:note")
      answer_of_note=$7
      answer=$(report "$1" "$2" "$3" succeeded null)
      ;;
    *) fail "there is no work called $4:$5" ;;
  esac
  equal "the answer to the report of $5" "$answer" ""
}

state_of() {  # state_of RUN STEP-NAME
  reader run="$1" name="$2" <<<"select state from holdfast.step_status where run_id = :'run' and name = :'name';"
}

state_of_run() { reader run="$1" <<<"select state from holdfast.run_status where run_id = :'run';"; }

until_over() {  # until_over WORKER RUN : turns until the run is over, a minute at most
  local i
  for ((i = 0; i < 120; i++)); do
    turn "$1"
    case $(state_of_run "$2") in succeeded | failed | cancelled) return 0 ;; esac
    worker <<<"select holdfast.tick();" >/dev/null
    sleep 0.5
  done
  fail "run $2 is not over after a minute"
}

# --- A run with outputs, a failure, a wait and a context -----------------------------------------------------------------

me=$(register "psql-worker-$$")
run=$(worker greet="$greet" ask="$ask" <<'SQL'
select holdfast.submit(jsonb_build_object(
  'workflow', 'psql-worker', 'params', jsonb_build_object('who', 'world'),
  'steps', jsonb_build_array(
    jsonb_build_object('name', 'hello', 'uses', :'greet'),
    jsonb_build_object('name', 'flaky', 'uses', :'greet', 'needs', '["hello"]'::jsonb,
      'retry', '{"attempts": 2, "initialSeconds": 0.1}'::jsonb),
    jsonb_build_object('name', 'approval', 'uses', :'ask', 'needs', '["hello"]'::jsonb),
    jsonb_build_object('name', 'note', 'uses', :'greet', 'needs', '["flaky", "approval"]'::jsonb,
      'refs', '["hello", "approval"]'::jsonb, 'params', true))));
SQL
)
equal "the state of note before its needs are met" "$(state_of "$run" note)" blocked

turn "$me"  # hello
equal "the state of hello" "$(state_of "$run" hello)" succeeded
turn "$me"  # flaky fails, approval waits
state=$(state_of "$run" flaky)  # its pause is of random length, and may be over
[[ $state == waiting || $state == ready ]] || fail "the state of flaky is '$state' and not 'waiting' or 'ready'"
equal "the wait of approval" \
  "$(reader run="$run" <<<"select waits_for, reason, holder from holdfast.waiting where run_id = :'run' and name = 'approval';")" \
  "signal${separator}waits for an approval${separator}signal approved"

# Anyone may send the signal; it wakes the step at once.
equal "the number of steps woken" \
  "$(worker run="$run" <<<"select holdfast.signal(:'run', 'approved', '{\"by\": \"ann\"}');")" 1
until_over "$me" "$run"
equal "the state of the run" "$(state_of_run "$run")" succeeded
equal "the context of note" "$answer_of_note" \
  '{"item": null, "steps": {"hello": {"greeting": "hello"}, "approval": {"by": "ann"}}, "params": {"who": "world"}}'
equal "the attempts of flaky" \
  "$(reader run="$run" <<<"select string_agg(state, ' ' order by fence) from holdfast.attempt_log where run_id = :'run' and step = 'flaky';")" \
  "retrying succeeded"

# --- A run that fails: the step that needs the broken one is left out -----------------------------------------------------

run=$(worker greet="$greet" <<'SQL'
select holdfast.submit(jsonb_build_object('workflow', 'psql-worker', 'steps', jsonb_build_array(
  jsonb_build_object('name', 'broken', 'uses', :'greet'),
  jsonb_build_object('name', 'note', 'uses', :'greet', 'needs', '["broken"]'::jsonb))));
SQL
)
until_over "$me" "$run"
equal "the run with a broken step" \
  "$(reader run="$run" <<<"select state, failure from holdfast.run_status where run_id = :'run';")" \
  "failed${separator}step broken: it is broken"
equal "the state of the step after it" "$(state_of "$run" note)" omitted

# --- Leases: heartbeats, fences, leaving ----------------------------------------------------------------------------------

run=$(worker greet="$greet" <<'SQL'
select holdfast.submit(jsonb_build_object('workflow', 'psql-worker', 'steps', jsonb_build_array(
  jsonb_build_object('name', 'hello', 'uses', :'greet'))));
SQL
)
IFS=$separator read -r what step fence _ < <(claim "$me" 1)
equal "what was claimed" "$what" step
equal "the state of a claimed step" "$(state_of "$run" hello)" running
equal "the answer to a heartbeat" "$(heartbeat "$me" "$step" "$fence")" ""
# What it prints goes to the step's log, under its fence.
equal "the number of lines kept" "$(worker step="$step" fence="$fence" <<'SQL'
select holdfast.append_log(array[:'step'::bigint], array[:'fence'::bigint], array[1], array['hello from psql']);
SQL
)" 1
equal "the log" "$(reader run="$run" <<<"select step, text from holdfast.step_output_log where run_id = :'run';")" \
  "hello${separator}hello from psql"
# A fence that is not the current one: nothing is written, and a heartbeat says to stop.
equal "the answer to a stale report" "$(report "$me" "$step" $((fence - 1)) succeeded null)" stale
IFS=$separator read -r _ _ stale _ < <(heartbeat "$me" "$step" $((fence - 1)))
equal "what a heartbeat says of a stale fence" "$stale" t

# Leaving hands the step back, with no attempt counted, to whoever comes next.
equal "the number of steps handed back" "$(worker worker="$me" <<<"select holdfast.leave(:'worker');")" 1
equal "the state of a step handed back" "$(state_of "$run" hello)" ready
equal "the answer to a worker that has left" "$(claim "$me" 1 | cut -d "$separator" -f 1)" retire
equal "the answer to a report after leaving" "$(report "$me" "$step" "$fence" succeeded null | head -n 1)" stale
me=$(register "psql-worker-$$-again")
until_over "$me" "$run"
equal "the state of the run that changed hands" "$(state_of_run "$run")" succeeded
worker worker="$me" <<<"select holdfast.leave(:'worker');" >/dev/null
equal "the state of the worker" \
  "$(reader worker="$me" <<<"select state from holdfast.worker_status where worker_id = :'worker';")" stopped

# --- Neither role can do more than its part -------------------------------------------------------------------------------

refused holdfast_worker "select * from holdfast.lease;"
refused holdfast_worker "select * from holdfast.run_status;"
refused holdfast_worker "delete from holdfast.run;"
refused holdfast_worker "select holdfast.settle(1, 1, null, 'lost', null);"
refused holdfast_worker "select holdfast.complete(array[1], array[true]);"
refused holdfast_worker "select holdfast.claim(1, 1, '{}', '{}', 0);"
refused holdfast_reader "select * from holdfast.run;"
refused holdfast_reader "select holdfast.submit('{}');"
refused holdfast_reader "select holdfast.cancel(1);"

echo ok
