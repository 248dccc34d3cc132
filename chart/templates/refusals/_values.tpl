{{- define "billdb.problems.tls" -}}
{{- range $key := list "validityDays" "caValidityDays" }}
{{- if le (index $.Values.tls $key | int) ($.Values.tls.renewBeforeDays | int) }}
tls.{{ $key }}: {{ index $.Values.tls $key }} days, and tls.renewBeforeDays is {{ $.Values.tls.renewBeforeDays }}: it would be renewed at every upgrade; raise the one or lower the other
{{- end }}
{{- end }}
{{- if and (not .Values.auth.superuserFromNetwork) (eq (include "billdb.hook.login" .) "password") }}
auth.superuserFromNetwork: false, but the schema Job logs in as postgres with its password (auth.hookLogin {{ .Values.auth.hookLogin }}, tls.mode {{ .Values.tls.mode }}); set it to true, or give the Job a certificate: auth.hookLogin certificate, with any tls.mode but disabled
{{- end }}
{{- if and (eq .Values.tls.mode "certManager") (include "billdb.cluster" .) (not (.Capabilities.APIVersions.Has "cert-manager.io/v1")) }}
tls.mode: certManager, but this cluster does not know cert-manager.io/v1; install cert-manager first, or choose another mode
{{- end }}
{{- if and (eq .Values.tls.mode "certManager") (le (int .Values.tls.caValidityDays) (int .Values.tls.validityDays)) }}
tls.caValidityDays: {{ .Values.tls.caValidityDays }} days, and tls.validityDays is {{ .Values.tls.validityDays }}: the schema Job's certificate would outlive its CA; raise the one or lower the other
{{- end }}
{{- end }}

{{- define "billdb.problems.migrations" -}}
{{- $files := dict }}
{{- range $file, $_ := .Values.schema.extraMigrations }}
{{- $version := substr 0 5 $file }}
{{- with get $files $version }}
schema.extraMigrations: {{ . }} and {{ $file }} have the same number; give the later one the next
{{- end }}
{{- $_ := set $files $version $file }}
{{- end }}
{{- end }}

{{- define "billdb.problems.parameters" -}}
{{- $owned := dict "port" "service.port" "ssl" "tls.mode" "data_directory" "persistence.mountPath" "hba_file" "postgresql.hba" "password_encryption" "auth.method" "ssl_min_protocol_version" "tls.minVersion" }}
{{- range $name, $_ := .Values.postgresql.parameters }}
{{- if or (has $name (list "listen_addresses" "config_file" "ident_file" "external_pid_file" "unix_socket_directories" "include" "include_dir" "include_if_exists")) (hasPrefix "ssl_" $name) (hasKey $owned $name) }}
postgresql.parameters.{{ $name }}: the chart itself sets it; remove it{{ with get $owned $name }} and use {{ . }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "billdb.problems.memory" -}}
{{- with .Values.resources.limits }}
{{- if .memory }}
{{- $parameters := $.Values.postgresql.parameters }}
{{- $shared := include "billdb.bytes" (dict "value" ($parameters.shared_buffers | default "128MB") "unit" 8192) | int64 }}
{{- $work := include "billdb.bytes" (dict "value" ($parameters.work_mem | default "4MB") "unit" 1024) | int64 }}
{{- $connections := $parameters.max_connections | default 100 | int64 }}
{{- $needed := add $shared (mul $work $connections) }}
{{- if gt $needed (include "billdb.bytes" (dict "value" .memory "unit" 1) | int64) }}
resources.limits.memory: {{ .memory }}, but shared_buffers and work_mem for each of {{ $connections }} connections are {{ div $needed 1048576 }}Mi; raise it, or lower postgresql.parameters.shared_buffers, work_mem or max_connections
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "billdb.problems.resources" -}}
{{- range $key, $resources := dict "resources" .Values.resources "schema.resources" .Values.schema.resources "tls.reload.resources" .Values.tls.reload.resources }}
{{- range $what, $unit := dict "cpu" 1000 "memory" 1 }}
{{- $request := get ($resources.requests | default dict) $what }}
{{- $limit := get ($resources.limits | default dict) $what }}
{{- if and $request $limit (gt (include "billdb.bytes" (dict "value" $request "unit" $unit) | int64) (include "billdb.bytes" (dict "value" $limit "unit" $unit) | int64)) }}
{{ $key }}.requests.{{ $what }}: {{ $request }} is more than {{ $key }}.limits.{{ $what }}, {{ $limit }}; lower the one or raise the other
{{- end }}
{{- end }}
{{- end }}
{{- end }}
