# shellcheck shell=bash
# What the two Jobs of the snapshots share: which ones are theirs, and which can be used.

export HOME=/tmp # kubectl keeps there what the API has told it

# With an option that says how long to wait, kubectl would no longer look for the account's token.
kubectl() { timeout 60 /kubectl/kubectl "$@"; }

# Runs a command that must succeed; what it says otherwise is in the result: need WHAT COMMAND….
need() {
  local answer
  answer=$("${@:2}" 2>&1) || fail_for_now "$1: ${answer//$'\n'/ }"
  [[ -z $answer ]] || say "$answer"
}

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
