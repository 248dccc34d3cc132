{{- define "billdb.problems.tls" -}}
{{- range $key := list "validityDays" "caValidityDays" }}
{{- if le (index $.Values.tls $key | int) ($.Values.tls.renewBeforeDays | int) }}
tls.{{ $key }}: {{ index $.Values.tls $key }} days, and tls.renewBeforeDays is {{ $.Values.tls.renewBeforeDays }}: it would be renewed at every upgrade; raise the one or lower the other
{{- end }}
{{- end }}
{{- if and (not .Values.auth.superuserFromNetwork) (eq (include "billdb.schema.login" .) "password") }}
auth.superuserFromNetwork: false, but the schema Job logs in as postgres with its password (schema.login {{ .Values.schema.login }}, tls.mode {{ .Values.tls.mode }}); set it to true, or give the Job a certificate: schema.login certificate, with any tls.mode but disabled
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
{{- range $file, $sql := .Values.schema.extraMigrations }}
{{- range $index, $line := splitList "\n" $sql }}
{{- if and (regexMatch "(?i)--\\s*billdb\\s*:" $line) (not (regexMatch "^-- billdb: (superuser|no-transaction|concurrently)$" $line)) }}
schema.extraMigrations: {{ $file }}, line {{ add1 $index }}: {{ quote $line }} is no marker; one is a line of its own without blanks around it: -- billdb: superuser, -- billdb: no-transaction or -- billdb: concurrently
{{- end }}
{{- end }}
{{- $version := substr 0 5 $file }}
{{- with get $files $version }}
schema.extraMigrations: {{ . }} and {{ $file }} have the same number; give the later one the next
{{- end }}
{{- $_ := set $files $version $file }}
{{- end }}
{{- end }}

{{- define "billdb.problems.parameters" -}}
{{- $owned := dict "port" "service.port" "ssl" "tls.mode" "data_directory" "persistence.mountPath" "hba_file" "postgresql.hba" "password_encryption" "auth.method" "ssl_min_protocol_version" "tls.minVersion" "ssl_ciphers" "tls.ciphers" }}
{{- range $name, $_ := .Values.postgresql.parameters }}
{{- if or (has $name (list "listen_addresses" "config_file" "ident_file" "external_pid_file" "unix_socket_directories" "include" "include_dir" "include_if_exists")) (hasPrefix "ssl_" $name) (hasKey $owned $name) }}
postgresql.parameters.{{ $name }}: the chart itself sets it; remove it{{ with get $owned $name }} and use {{ . }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What only a newer major version of PostgreSQL knows. */}}
{{- define "billdb.problems.log" -}}
{{- $major := include "billdb.major" (include "billdb.image" .Values.image) }}
{{- $connections := .Values.postgresql.parameters.log_connections | toString }}
{{- if and $major (lt (int $major) 18) (regexMatch "^(all$|receipt|auth|setup)" $connections) }}
postgresql.parameters.log_connections: {{ $connections }}, but image.tag is PostgreSQL {{ $major }}, where it is no list yet (18 is the first); set it to "on" or "off"
{{- end }}
{{- if and $major (lt (int $major) 15) (eq .Values.postgresql.logFormat "json") }}
postgresql.logFormat: json, but image.tag is PostgreSQL {{ $major }}, which writes no JSON (15 is the first); set it to text
{{- end }}
{{- end }}

{{- define "billdb.problems.memory" -}}
{{- $memory := include "billdb.memory" . | fromJson }}
{{- if and $memory.limit (ge $memory.shared $memory.limit) }}
resources.limits.memory: {{ .Values.resources.limits.memory }}, but shared_buffers alone are {{ div $memory.shared 1048576 }}Mi; raise it, or lower postgresql.parameters.shared_buffers
{{- end }}
{{- end }}

{{- define "billdb.problems.resources" -}}
{{- range $key, $resources := dict "resources" .Values.resources "schema.resources" .Values.schema.resources "retention.resources" .Values.retention.resources "tls.reload.resources" .Values.tls.reload.resources
  "backup.resources" .Values.backup.resources "backup.restic.resources" .Values.backup.restic.resources
  "snapshots.resources" .Values.snapshots.resources "snapshots.drill.resources" .Values.snapshots.drill.resources "snapshots.kubectl.resources" .Values.snapshots.kubectl.resources
  "metrics.resources" .Values.metrics.resources "cloudnativepg.pooler.resources" .Values.cloudnativepg.pooler.resources }}
{{- range $what, $unit := dict "cpu" 1000 "memory" 1 }}
{{- $request := get (($resources | default dict).requests | default dict) $what }}
{{- $limit := get (($resources | default dict).limits | default dict) $what }}
{{- if and $request $limit (gt (include "billdb.bytes" (dict "value" $request "unit" $unit) | int64) (include "billdb.bytes" (dict "value" $limit "unit" $unit) | int64)) }}
{{ $key }}.requests.{{ $what }}: {{ $request }} is more than {{ $key }}.limits.{{ $what }}, {{ $limit }}; lower the one or raise the other
{{- end }}
{{- end }}
{{- end }}
{{- end }}
