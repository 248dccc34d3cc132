#!/usr/bin/env bash
# Proves that the newest usable snapshot is one that a server starts on: makes a volume of it, has the copy's server started there, whose
# pod has no network and no right to anything, takes over what that says, and removes the volume.
set -euo pipefail
cd "$(dirname "$0")"
. ./connection.sh
. ./server.sh
. ./run.sh
. ./snapshots.sh

# A claim goes when no pod has it any more.
remove_copy() {
  kubectl scale statefulset "$COPY" --replicas=0 > /dev/null || return
  kubectl delete pvc "$COPY" --ignore-not-found --wait=false > /dev/null || return
  wait_until "the volume $COPY to be removed" gone
}

gone() {
  local found
  found=$(kubectl get pvc "$COPY" --ignore-not-found --output=name) && [[ -z $found ]]
}

wait_until() {
  until "${@:2}"; do
    ((SECONDS < DEADLINE_SECONDS - LAST_WORDS)) || fail "waited in vain for $1: look at kubectl describe pvc/$COPY pod/$COPY-0, and raise snapshots.drill.deadlineSeconds if it only is slow"
    sleep 2
  done
}

# Nothing is left behind by a run that may still do something about it; what one that was killed left, the next one removes.
finish() {
  local status=$?
  set +e
  (remove_copy) || say "the volume $COPY is still there: the next drill removes it" >&2
  (exit "$status")
  ended
}

newest_usable() {
  local listed name usable newest=""
  listed=$(list_snapshots) || return
  while read -r name _ usable; do
    [[ $usable != true ]] || newest=$name
  done <<< "$listed"
  echo "$newest"
}

create_copy() {
  local class=$COPY_CLASS size=$COPY_SIZE
  [[ -n $class ]] || class=$(kubectl get pvc "$CLAIM" --output=jsonpath='{.spec.storageClassName}') || return
  [[ -n $size ]] || size=$(kubectl get volumesnapshots.snapshot.storage.k8s.io "$BACKUP" --output=jsonpath='{.status.restoreSize}') || return
  [[ -n $size && $size != 0 ]] || size=$(kubectl get pvc "$CLAIM" --output=jsonpath='{.status.capacity.storage}') || return
  kubectl create --filename=- << YAML
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: $COPY
  labels:
    app: $COPY
    tier: database
$(labels)
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: "$class"
  resources:
    requests:
      storage: "$size"
  dataSource:
    apiGroup: snapshot.storage.k8s.io
    kind: VolumeSnapshot
    name: $BACKUP
YAML
}

# The copy's log ends with its result.
answered() {
  log=$(kubectl logs "pod/$COPY-0" 2> /dev/null) && [[ ${log##*$'\n'} == result:* ]]
}

begin snapshot-drill
need "what an earlier drill left cannot be removed" remove_copy
BACKUP=$(newest_usable) || fail_for_now "the snapshots could not be listed, for the reason above"
[[ -n $BACKUP ]] || fail "there is no usable snapshot: look at the last run of $APP"
trap finish EXIT
need "no volume was made of $BACKUP" create_copy
need "the server on the copy was not started" kubectl scale statefulset "$COPY" --replicas=1
log=""
wait_until "a server on the copy of $BACKUP" answered
echo "$log"
result=${log##*$'\n'result: }
[[ $result == good:* ]] || fail "$BACKUP: ${result#bad: }"
MESSAGE=${result#good: }
