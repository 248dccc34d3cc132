#!/usr/bin/env bash
# Makes a snapshot of the server's volume and waits until it can be used; only then are older ones removed that are past the number to
# keep. The server goes on meanwhile: a snapshot is of one moment, and a server that starts on it recovers as after a crash.
set -euo pipefail
cd "$(dirname "$0")"
. ./connection.sh
. ./server.sh
. ./run.sh
. ./snapshots.sh

# What was changed up to now is on the volume, and a server that starts on the snapshot reads little WAL. Before PostgreSQL 15 only a
# superuser may, so it is the schema Job's; in a database that nobody else can change.
# shellcheck disable=SC2031
checkpoint() (
  export PGUSER=$SUPERUSER
  unset PGPASSWORD
  if [[ -e $CREDENTIALS/$SUPERUSER ]]; then
    PGPASSWORD=$(< "$CREDENTIALS/$SUPERUSER")
    export PGPASSWORD
  else
    export PGSSLCERT=/tls-hook/tls.crt PGSSLKEY=/tls-hook/tls.key
  fi
  session --dbname=postgres --command="CHECKPOINT" --command="SELECT current_setting('server_version_num')::int / 10000"
)

# A label's value neither begins nor ends with an underscore.
create_snapshot() {
  local database=$PGDATABASE
  while [[ $database == _* ]]; do database=${database#_}; done
  while [[ $database == *_ ]]; do database=${database%_}; done
  kubectl create --filename=- << YAML
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata:
  name: $BACKUP
  labels:
    app: $APP
    tier: database
$(labels)
    app.kubernetes.io/managed-by: $APP
    helm.sh/chart: billdb-${CHART_VERSION//+/_}
    billdb/database: "$database"
    billdb/server-major: "$1"
spec:
  volumeSnapshotClassName: $CLASS
  source:
    persistentVolumeClaimName: $CLAIM
YAML
}

# An error in its status is often a passing one: the driver's sidecar tries again.
wait_until_usable() {
  local status="" last=""
  until [[ $status == true* ]]; do
    if ((SECONDS >= DEADLINE_SECONDS - LAST_WORDS)); then
      fail "the snapshot $BACKUP is not usable after $SECONDS s: ${status#* }; look at kubectl describe volumesnapshot $BACKUP, and raise snapshots.deadlineSeconds if it only is slow"
    fi
    sleep 2
    status=$(kubectl get volumesnapshots.snapshot.storage.k8s.io "$BACKUP" \
      --output=jsonpath='{.status.readyToUse} {.status.error.message}') || status="false the API does not answer"
    [[ ${status#* } == "$last" || -z ${status#* } ]] || say "not usable yet: ${status#* }"
    last=${status#* }
  done
}

remove() {
  say "removing the snapshot $1, $2"
  kubectl delete volumesnapshots.snapshot.storage.k8s.io "$1" --ignore-not-found --wait=false > /dev/null
}

begin snapshot
wait_for_server postgres
major=$(checkpoint) || fail_for_now "no CHECKPOINT as $SUPERUSER, for the reason above"
say "CHECKPOINT done"
BACKUP=$APP-$(date --utc +%Y%m%d-%H%M%S)
need "no snapshot was made" create_snapshot "$major"
wait_until_usable
MESSAGE="usable after $SECONDS s"
listed=$(list_snapshots)
remove_old "$listed" true usable
