"""Customers: inquiries as the service makes them, more and fewer of them from minute to minute, and what goes wrong at times."""

from harness.on_cluster.pods import standing
from harness.on_cluster.release import Release
from harness.on_cluster.serving import secret
from harness.waiting import wait_for

# A few sessions, each fed by a loop that decides what becomes of an inquiry. It pauses between statements, not within one.
SCRIPT = r"""
export PGUSER=bill_inquiry_user PGDATABASE=bill_inquiry_db PGSSLMODE=verify-full PGSSLROOTCERT=/tmp/ca.crt PGAPPNAME=bill-inquiry
export PGHOST=$1 PGPASSWORD=$(< /tmp/password)

inquiry() {
  local id=$(< /proc/sys/kernel/random/uuid) line=0101234$((1000 + RANDOM % 400)) chance=$((RANDOM % 100))
  local month=2026-$(printf %02d $((1 + RANDOM % 12))) status=COMPLETED code="'0000'" hit=false tries=0
  ((chance < 57)) && hit=true
  ((chance > 96)) && status=FAILED code="'E301'" tries=1
  ((chance > 98)) && status=TIMEOUT code=NULL tries=3
  echo "INSERT INTO bill_inquiry_history (request_id, line_number, inquiry_month) VALUES ('$id', '$line', '$month');"
  pause 2
  if [[ $hit == false ]]; then
    echo "INSERT INTO kos_inquiry_history (bill_request_id, line_number, inquiry_month, response_time, result_code, retry_count)
      VALUES ('$id', '$line', '$month', CASE WHEN $code IS NOT NULL THEN CURRENT_TIMESTAMP END, $code, $tries);"
  fi
  echo "INSERT INTO bill_info_cache (cache_key, line_number, inquiry_month, bill_info_json, expires_at)
    VALUES ('$line:$month', '$line', '$month', jsonb_build_object('amount', $RANDOM), CURRENT_TIMESTAMP + interval '1 minute')
    ON CONFLICT (cache_key) DO UPDATE SET access_count = bill_info_cache.access_count + 1, expires_at = excluded.expires_at;"
  ((chance == 42)) && return # the service has forgotten it
  echo "UPDATE bill_inquiry_history SET process_time = CURRENT_TIMESTAMP, status = '$status', cache_hit = $hit
    WHERE request_id = '$id';
    SELECT * FROM bill_inquiry_history WHERE line_number = '$line' ORDER BY request_time DESC LIMIT 20;"
}
pause() { # tenths of a second, and up to five more: every seven minutes there is a calm
  local away=$((EPOCHSECONDS % 420 - 210))
  sleep 0.$(($1 + ${away#-} * 5 / 210))
}
customers() { while :; do inquiry; pause 2; done | psql -qAtX > /dev/null; }
report() { # sorts more than fits work_mem, and keeps its transaction open for a while
  while :; do
    echo "BEGIN; SELECT count(*) FROM (SELECT md5(n::text) FROM generate_series(1, 100000) AS n ORDER BY 1 OFFSET 0) AS sorted;"
    sleep $((10 + RANDOM % 20))
    echo "COMMIT;"
    sleep 30
  done | PGAPPNAME=report psql -qAtX > /dev/null
}
for each in 1 2 3 4 5 6; do customers & done
report &
wait
"""


def inquire(release: Release) -> None:
    """Let customers ask in a pod `customers`, until that is deleted; returns when there are answers."""
    ca = secret(release, "postgresql-bill-inquiry-tls")["ca.crt"]
    files = {"ca.crt": ca, "password": release.password("bill_inquiry_user"), "inquire.sh": SCRIPT}
    pod = standing(release.cluster, "customers", {"tier": "application"}, files)
    host = f"postgresql-bill-inquiry.{release.cluster.namespace}.svc.cluster.local"
    start = f"setsid bash /tmp/inquire.sh {host} > /tmp/log 2>&1 < /dev/null &"
    release.cluster.kubectl("exec", pod, "--", "bash", "-c", start)
    answered = "SELECT count(*) > 20 FROM bill_inquiry_history WHERE status = 'COMPLETED'"
    wait_for(
        lambda: release.cluster.sql(answered) == "t",
        "answered inquiries",
        seen=lambda: release.cluster.kubectl("exec", pod, "--", "cat", "/tmp/log"),
        every=1,
    )
