#!/usr/bin/env bash
# Starts the server as the container's first process, once nobody else may write the volume.
set -euo pipefail
. "$(dirname "$0")/volume.sh"

lock_volume
exec postgres "${SERVER_OPTIONS[@]}" "$@"
