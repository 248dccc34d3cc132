# shellcheck shell=bash
# What the two Jobs of the snapshots share: which ones are theirs, and which can be used.

export HOME=/tmp # kubectl keeps there what the API has told it

kubectl() { /kubectl/kubectl --request-timeout=30s "$@"; }

# Theirs have this release's labels; whatever else is in the namespace is somebody's. One a line, the oldest first: NAME CREATED USABLE,
# whose last is `true` or nothing.
list_snapshots() {
  kubectl get volumesnapshots.snapshot.storage.k8s.io --selector="$SELECTOR" --sort-by=.metadata.creationTimestamp \
    --output=jsonpath='{range .items[*]}{.metadata.name} {.metadata.creationTimestamp} {.status.readyToUse}{"\n"}{end}'
}

# The same labels as YAML.
labels() {
  local pair
  for pair in ${SELECTOR//,/ }; do
    printf '    %s: "%s"\n' "${pair%%=*}" "${pair#*=}"
  done
}
