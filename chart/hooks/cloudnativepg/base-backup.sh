#!/usr/bin/env bash
# Has CloudNativePG make a base backup as a snapshot of a server's volume, of a replica's where there is one, and waits until it is completed;
# only then are older ones removed that are past the number to keep. A Backup takes its snapshot along when it goes.
set -euo pipefail
cd "$(dirname "$0")"
. ./connection.sh
. ./run.sh
. ./snapshots.sh

# CloudNativePG tries again what may pass, for so many minutes.
create_backup() {
  kubectl create --filename=- << YAML
apiVersion: postgresql.cnpg.io/v1
kind: Backup
metadata:
  name: $BACKUP
  annotations:
    backup.cnpg.io/volumeSnapshotDeadline: "$((DEADLINE_SECONDS > 120 ? (DEADLINE_SECONDS - 60) / 60 : 1))"
  labels:
    app: $APP
    tier: database
$(labels)
    app.kubernetes.io/managed-by: $APP
    helm.sh/chart: billdb-${CHART_VERSION//+/_}
spec:
  cluster:
    name: $CLUSTER
  method: volumeSnapshot
YAML
}

wait_until_completed() {
  local status="" last=""
  until [[ $status == completed* ]]; do
    [[ $status != failed* && $status != invalid* ]] || fail "the base backup $BACKUP is not to be had: $status"
    if ((SECONDS >= DEADLINE_SECONDS - LAST_WORDS)); then
      fail "the base backup $BACKUP is not completed after $SECONDS s: $status; look at kubectl describe backups.postgresql.cnpg.io $BACKUP, and raise snapshots.deadlineSeconds if it only is slow"
    fi
    sleep 2
    status=$(kubectl get backups.postgresql.cnpg.io "$BACKUP" --output=jsonpath='{.status.phase} {.status.error}') || status="the API does not answer"
    [[ $status == "$last" ]] || say "$status"
    last=$status
  done
}

remove() {
  say "removing the base backup $1 with its snapshot, $2"
  kubectl delete backups.postgresql.cnpg.io "$1" --ignore-not-found --wait=false > /dev/null
}

begin snapshot
BACKUP=$APP-$(date --utc +%Y%m%d-%H%M%S)
need "no base backup was begun" create_backup
wait_until_completed
MESSAGE="completed after $SECONDS s"
listed=$(list backups.postgresql.cnpg.io phase)
remove_old "$listed" completed completed
