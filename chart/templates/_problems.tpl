{{/*
What the schema of the values cannot say. Each template gives one line a problem: KEY: what was found; what to do.
They look into the cluster only where helm has one.
*/}}

{{- define "billdb.problems" -}}
{{ include "billdb.problems.parameters" . }}
{{ include "billdb.problems.memory" . }}
{{ include "billdb.problems.resources" . }}
{{ include "billdb.problems.tls" . }}
{{ include "billdb.problems.migrations" . }}
{{- if include "billdb.cluster" . }}
{{ include "billdb.problems.secrets" . }}
{{ include "billdb.problems.claim" . }}
{{ include "billdb.problems.certManager" . }}
{{- else }}
{{ include "billdb.problems.withoutCluster" . }}
{{- end }}
{{- end }}

{{/* "true" where helm can look into the cluster. Every namespace there has this ConfigMap; one that is yet to be created does not. */}}
{{- define "billdb.cluster" -}}
{{- if or (lookup "v1" "ConfigMap" .Release.Namespace "kube-root-ca.crt") (lookup "v1" "Namespace" "" "default") }}true{{ end }}
{{- end }}

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

{{/* Whoever chooses another mode after certManager: two would write the same Secrets, and each take back what the other wrote. */}}
{{- define "billdb.problems.certManager" -}}
{{- $own := list }}
{{- if eq .Values.tls.mode "generated" }}{{ $own = append $own (include "billdb.name.tls" .) }}{{ end }}
{{- if and (ne .Values.tls.mode "certManager") (eq (include "billdb.hook.login" .) "certificate") }}
{{- $own = append $own (include "billdb.name.hookCA" .) }}
{{- $own = append $own (include "billdb.name.hookTLS" .) }}
{{- end }}
{{- $theirs := list }}
{{- range $own }}
{{- $secret := lookup "v1" "Secret" $.Release.Namespace . | default dict }}
{{- if hasKey (dig "metadata" "annotations" dict $secret) "cert-manager.io/certificate-name" }}{{ $theirs = append $theirs . }}{{ end }}
{{- end }}
{{- with $theirs }}
tls.mode: {{ $.Values.tls.mode }}, but cert-manager made {{ join ", " . }}; the server goes on with what it has while you run: kubectl delete -n {{ $.Release.Namespace }} --ignore-not-found certificate,secret {{ join " " . }}, then try again
{{- end }}
{{- end }}

{{/* Where helm cannot see what is there, it would make another password and certificate at each render. */}}
{{- define "billdb.problems.withoutCluster" -}}
{{- if eq .Values.withoutCluster "refuse" }}
{{- $generated := list }}
{{- range $role, $own := .Values.auth.roles }}
{{- if and (include "billdb.role.owned" (dict "root" $ "role" $role)) (not (ternary $.Values.auth.postgresPassword $own.password (eq $role "postgres"))) }}
{{- $generated = append $generated $role }}
{{- end }}
{{- end }}
{{- if $generated }}
auth: helm cannot look into the cluster here, so the passwords of {{ join ", " $generated }} would change at each render; give auth.existingSecret, or render with --dry-run=server, or set withoutCluster=preview to only read the objects
{{- end }}
{{- if eq .Values.tls.mode "generated" }}
tls.mode: helm cannot look into the cluster here, so a generated certificate would change at each render; choose certManager or existingSecret, or render with --dry-run=server, or set withoutCluster=preview to only read the objects
{{- else if and (eq .Values.tls.mode "existingSecret") (eq .Values.auth.hookLogin "certificate") }}
auth.hookLogin: helm cannot look into the cluster here, so the schema Job's certificate would change at each render; choose password, or tls.mode certManager, or render with --dry-run=server, or set withoutCluster=preview to only read the objects
{{- end }}
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
{{- $requests := $resources.requests | default dict }}
{{- $limits := $resources.limits | default dict }}
{{- if and $requests.memory $limits.memory }}
{{- if gt (include "billdb.bytes" (dict "value" $requests.memory "unit" 1) | int64) (include "billdb.bytes" (dict "value" $limits.memory "unit" 1) | int64) }}
{{ $key }}.requests.memory: {{ $requests.memory }} is more than {{ $key }}.limits.memory, {{ $limits.memory }}; lower the one or raise the other
{{- end }}
{{- end }}
{{- if and $requests.cpu $limits.cpu }}
{{- if gt (include "billdb.millicores" $requests.cpu | int64) (include "billdb.millicores" $limits.cpu | int64) }}
{{ $key }}.requests.cpu: {{ $requests.cpu }} is more than {{ $key }}.limits.cpu, {{ $limits.cpu }}; lower the one or raise the other
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "billdb.problems.secrets" -}}
{{- $wanted := dict }}
{{- with .Values.tls.existingSecret }}{{ $_ := set $wanted "tls.existingSecret" (list . "tls.crt" "tls.key" "ca.crt") }}{{ end }}
{{- range $role, $own := .Values.auth.roles }}
{{- $key := include "billdb.role.key" (dict "root" $ "role" $role) }}
{{- if $own.existingSecret }}
{{- $_ := set $wanted (printf "auth.roles.%s.existingSecret" $role) (list $own.existingSecret $key) }}
{{- else if $.Values.auth.existingSecret }}
{{- $_ := set $wanted "auth.existingSecret" (append (get $wanted "auth.existingSecret" | default (list $.Values.auth.existingSecret)) $key) }}
{{- end }}
{{- end }}
{{- range $key, $names := $wanted }}
{{- $secret := lookup "v1" "Secret" $.Release.Namespace (first $names) }}
{{- if not $secret }}
{{- if or (not (hasPrefix "auth." $key)) (not $.Values.auth.waitForSecrets) }}
{{ $key }}: no Secret {{ first $names }} in namespace {{ $.Release.Namespace }}; create it first, with the keys {{ rest $names | join ", " }}{{ if hasPrefix "auth." $key }}, or set auth.waitForSecrets when it comes later{{ end }}
{{- end }}
{{- else }}
{{- range rest $names }}
{{- if not (hasKey ($secret.data | default dict) .) }}
{{ $key }}: the Secret {{ first $names }} has no key {{ . }}; its keys are: {{ keys ($secret.data | default dict) | sortAlpha | join ", " }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A claim's class and access modes cannot be changed, and its size cannot shrink. */}}
{{- define "billdb.problems.claim" -}}
{{- $name := include "billdb.name.pvc" . }}
{{- $claim := lookup "v1" "PersistentVolumeClaim" .Release.Namespace $name }}
{{- $class := include "billdb.name.storageClass" . }}
{{- if .Values.persistence.existingClaim }}
{{- if not $claim }}
persistence.existingClaim: no PersistentVolumeClaim {{ $name }} in namespace {{ .Release.Namespace }}; create it first
{{- end }}
{{- else if $claim }}
{{- if ne $class $claim.spec.storageClassName }}
persistence.storageClass: {{ $class }}, but the claim {{ $name }} has {{ $claim.spec.storageClassName }} and cannot change it; {{ if eq $claim.status.phase "Bound" }}set persistence.storageClass to {{ $claim.spec.storageClassName }}{{ else }}it holds no data yet: kubectl delete pvc -n {{ .Release.Namespace }} {{ $name }}, then try again{{ end }}
{{- end }}
{{- if ne (.Values.persistence.accessModes | join ",") ($claim.spec.accessModes | join ",") }}
persistence.accessModes: {{ .Values.persistence.accessModes | join "," }}, but the claim {{ $name }} has {{ $claim.spec.accessModes | join "," }} and cannot change it; set it to that
{{- end }}
{{- $size := $claim.spec.resources.requests.storage }}
{{- if lt (include "billdb.bytes" (dict "value" .Values.persistence.size "unit" 1) | int64) (include "billdb.bytes" (dict "value" $size "unit" 1) | int64) }}
persistence.size: {{ .Values.persistence.size }}, but the claim {{ $name }} has {{ $size }} and cannot shrink; set it to {{ $size }} or more
{{- end }}
{{- else if and .Values.storageClass.create (ne $class .Values.storageClass.name) (not (lookup "storage.k8s.io/v1" "StorageClass" "" $class)) }}
persistence.storageClass: no StorageClass {{ $class }} in this cluster; it has: {{ range (lookup "storage.k8s.io/v1" "StorageClass" "" "").items }}{{ .metadata.name }} {{ end }}
{{- end }}
{{- end }}
