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
{{- if and (eq .Values.engine "cloudnativepg") .Values.auth.superuserFromNetwork .Values.auth.roles.postgres.existingSecret }}
{{- $_ := set $wanted "auth.roles.postgres.existingSecret" (append (get $wanted "auth.roles.postgres.existingSecret") "username") }}
{{- end }}
{{- range $key, $names := $wanted }}
{{- $secret := lookup "v1" "Secret" $.Release.Namespace (first $names) }}
{{- if not (and (hasPrefix "auth." $key) $.Values.auth.waitForSecrets) }}
{{- if not $secret }}
{{ $key }}: no Secret {{ first $names }} in namespace {{ $.Release.Namespace }}; create it first, with the keys {{ rest $names | join ", " }}{{ if hasPrefix "auth." $key }}, or set auth.waitForSecrets when it comes later{{ end }}
{{- else }}
{{- range rest $names }}
{{- if not (hasKey ($secret.data | default dict) .) }}
{{ $key }}: the Secret {{ first $names }} has no key {{ . }}; its keys are: {{ keys ($secret.data | default dict) | sortAlpha | join ", " }}{{ if hasPrefix "auth." $key }}; add it, or set auth.waitForSecrets when it comes later{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The Secrets that the chart itself makes, as a list in JSON. */}}
{{- define "billdb.secrets.own" -}}
{{- $own := ternary list (list (include "billdb.name.secret" .)) (not (empty .Values.auth.existingSecret)) }}
{{- if eq .Values.tls.mode "generated" }}{{ $own = concat $own (list (include "billdb.name.ca" .) (include "billdb.name.tls" .)) }}{{ end }}
{{- $cluster := eq .Values.engine "cloudnativepg" }}
{{- if and (ne .Values.tls.mode "certManager") (or $cluster (eq (include "billdb.schema.login" .) "certificate")) }}
{{- $own = concat $own (list (include "billdb.name.schemaCA" .) (include "billdb.name.schemaTLS" .)) }}
{{- if $cluster }}{{ $own = append $own (include "billdb.name.replicationTLS" .) }}{{ end }}
{{- end }}
{{- if and $cluster .Values.auth.superuserFromNetwork (include "billdb.role.owned" (dict "root" . "role" "postgres")) }}
{{- $own = append $own (include "billdb.name.superuser" .) }}
{{- end }}
{{- if and .Values.backup.enabled (not .Values.backup.repository.passwordSecret) }}{{ $own = append $own (include "billdb.name.backupSecret" .) }}{{ end }}
{{ toJson $own }}
{{- end }}

{{/* Whoever chooses another mode after certManager: two would write the same Secrets, and each take back what the other wrote. */}}
{{- define "billdb.problems.certManager" -}}
{{- $theirs := list }}
{{- range include "billdb.secrets.own" . | fromJsonArray }}
{{- $secret := lookup "v1" "Secret" $.Release.Namespace . | default dict }}
{{- if hasKey (dig "metadata" "annotations" dict $secret) "cert-manager.io/certificate-name" }}{{ $theirs = append $theirs . }}{{ end }}
{{- end }}
{{- with $theirs }}
tls.mode: {{ $.Values.tls.mode }}, but cert-manager made {{ join ", " . }}; the server goes on with what it has while you run: kubectl delete -n {{ $.Release.Namespace }} --ignore-not-found certificate,secret {{ join " " . }}, then try again
{{- end }}
{{- end }}

{{/* A password beside a Secret that holds it would change nothing. */}}
{{- define "billdb.problems.passwords" -}}
{{- range $role, $own := .Values.auth.roles }}
{{- $key := ternary "auth.postgresPassword" (printf "auth.roles.%s.password" $role) (eq $role "postgres") }}
{{- with and (ternary $.Values.auth.postgresPassword $own.password (eq $role "postgres")) ($own.existingSecret | default $.Values.auth.existingSecret) }}
{{ $key }}: given, but {{ ternary "auth.existingSecret" (printf "auth.roles.%s.existingSecret" $role) (empty $own.existingSecret) }} takes it from the Secret {{ . }}; remove the one or the other
{{- end }}
{{- end }}
{{- end }}
