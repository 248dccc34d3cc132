{{/*
The settings, without those that CloudNativePG writes itself. What it fills in where nothing is given is given here with its own defaults: else
it would own them, and helm refuse to change them later.
*/}}
{{- define "billdb.cloudnativepg.parameters" -}}
{{- $filled := dict "archive_timeout" "5min" "max_parallel_workers" "32" "max_replication_slots" "32" "max_worker_processes" "32" }}
{{- $filled = merge $filled (dict "wal_keep_size" "512MB" "wal_receiver_timeout" "5s" "wal_sender_timeout" "5s") }}
{{- if gt (int .Values.cloudnativepg.instances) 1 }}
{{- /* A backup that reads from a replica is not ended by what VACUUM removes meanwhile; a replica whose primary was away asks for it again
at once, for commits wait for one. */}}
{{- range $name, $value := dict "hot_standby_feedback" "on" "wal_retrieve_retry_interval" "1s" }}
{{- if not (hasKey $.Values.postgresql.parameters $name) }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- range $name, $value := merge (omit .Values.postgresql.parameters "log_destination" "shared_preload_libraries") $filled }}
{{- if not (kindIs "invalid" $value) }}
{{ $name }}: {{ (kindIs "string" $value) | ternary $value (toJson $value) | toString | quote }}
{{- end }}
{{- end }}
password_encryption: {{ .Values.auth.method | quote }}
ssl_min_protocol_version: {{ .Values.tls.minVersion | quote }}
{{- with .Values.tls.ciphers }}
ssl_ciphers: {{ . | quote }}
{{- end }}
{{- end }}

{{/* The lines of pg_hba.conf after CloudNativePG's own, as a list in JSON. */}}
{{- define "billdb.cloudnativepg.hba" -}}
{{- $lines := .Values.postgresql.hba }}
{{- range include "billdb.config.hba.network" . | splitList "\n" }}
{{- if and . (not (hasPrefix "#" .)) }}{{ $lines = append $lines . }}{{ end }}
{{- end }}
{{- /* CloudNativePG ends the file with a rule that lets in without TLS. */}}
{{- append $lines "host all all all reject" | toJson }}
{{- end }}

{{/* A commit waits until most servers have it. With two there would be none to wait for while one is away: then it does not wait. */}}
{{- define "billdb.cloudnativepg.synchronous" -}}
{{- if gt (int .Values.cloudnativepg.instances) 1 -}}
synchronous:
  method: any
  number: {{ div (int .Values.cloudnativepg.instances) 2 }}
  {{- if gt (int .Values.cloudnativepg.instances) 2 }}
  dataDurability: required
  # No server is promoted where too few are left to tell that one of them has every commit.
  failoverQuorum: true
  {{- else }}
  dataDurability: preferred
  {{- end }}
{{- end }}
{{- end }}
