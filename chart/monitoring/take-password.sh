#!/usr/bin/env bash
# Gives the exporter its password, in a file of its own that it reads once, as it starts. It goes into the exporter's own address of the server
# and nowhere else: where its driver could find a password by itself, in a file of libpq's, whoever reaches the port could have it sent to a
# server of theirs (/probe?target=…). One with a blank fails in that address, and the exporter writes the address to its log.
set -euo pipefail
umask 077
password=$(< "/credentials/$1")
if [[ $password == *[[:space:]]* ]]; then
    echo "the password of $1 has a blank, with which the exporter cannot log in: choose another" >&2
    exit 1
fi
printf %s "$password" > "$2"
