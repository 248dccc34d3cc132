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

# Theirs have this release's labels; whatever else is in the namespace is somebody's. One a line, the oldest first: NAME CREATED STATUS,
# whose last is this field of the status, or nothing: list RESOURCE FIELD.
list() {
  kubectl get "$1" --selector="$SELECTOR" --sort-by=.metadata.creationTimestamp \
    --output=jsonpath="{range .items[*]}{.metadata.name} {.metadata.creationTimestamp} {.status.$2}{\"\\n\"}{end}"
}

list_snapshots() { list volumesnapshots.snapshot.storage.k8s.io readyToUse; }

# The newest ones of the good status stay, as many as are to be kept; one that never had it is shown for a day: remove_old LIST GOOD WORD.
# The script says how one is removed: remove NAME WHY.
remove_old() {
  local good=$2 word=$3 name created status yesterday names=()
  yesterday=$(date --utc --date=yesterday +%FT%TZ)
  while read -r name created status; do
    if [[ $status == "$good" ]]; then
      names+=("$name")
    elif [[ -n $name && $created < $yesterday ]]; then
      remove "$name" "which never was $word"
    fi
  done <<< "$1"
  while ((${#names[@]} > KEEP)); do
    remove "${names[0]}" "as $KEEP newer ones are $word"
    names=("${names[@]:1}")
  done
  say "$word: ${#names[@]}, the oldest ${names[0]}"
}

# The same labels as YAML.
labels() {
  local pair
  for pair in ${SELECTOR//,/ }; do
    printf '    %s: "%s"\n' "${pair%%=*}" "${pair#*=}"
  done
}
