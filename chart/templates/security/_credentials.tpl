{{/* Roles and where each one's password comes from; nothing else may say which Secret or key a password is in. */}}

{{/* Every role that logs in with a password, as a list in JSON. */}}
{{- define "billdb.roles" }}{{ keys .Values.auth.roles | sortAlpha | toJson }}{{ end }}

{{/* The Secret of a role's password: (dict "root" $ "role" ROLE). */}}
{{- define "billdb.role.secret" }}{{ (index .root.Values.auth.roles .role).existingSecret | default (include "billdb.name.secret" .root) }}{{ end }}

{{/* Its key there: postgres-password, bill-inquiry-user-password … in the Secret that holds all of them. */}}
{{- define "billdb.role.key" -}}
{{- $own := index .root.Values.auth.roles .role -}}
{{ ternary $own.existingSecretKey (printf "%s-password" (.role | replace "_" "-")) (not (empty $own.existingSecret)) }}
{{- end }}

{{/* Whether the chart itself keeps the role's password: "true" or nothing. */}}
{{- define "billdb.role.owned" }}{{ if not (or .root.Values.auth.existingSecret (index .root.Values.auth.roles .role).existingSecret) }}true{{ end }}{{ end }}

{{/* The volume with one file a role, named as the role: (dict "root" $ "roles" LIST). */}}
{{- define "billdb.credentials.volume" -}}
{{- $root := .root -}}
name: credentials
projected:
  # The image's user reads them by its group.
  defaultMode: 0440
  sources:{{ if not .roles }} []{{ end }}
    {{- range .roles }}
    {{- $role := dict "root" $root "role" . }}
    - secret:
        name: {{ include "billdb.role.secret" $role | quote }}
        items:
          - key: {{ include "billdb.role.key" $role | quote }}
            path: {{ . }}
    {{- end }}
{{- end }}

{{/*
The passwords of the chart's own Secret, decided once a render: given, else the Secret's, else random. The revision counts the
superuser's changed passwords; the server's pod carries it where only a restart brings the password to the server, and nothing
that could be used to guess it.
*/}}
{{- define "billdb.credentials" -}}
{{- if not (hasKey .Values.auth "resolved") }}
{{- $existing := lookup "v1" "Secret" .Release.Namespace (include "billdb.name.secret" .) | default dict }}
{{- $passwords := dict }}
{{- range $role, $own := .Values.auth.roles }}
{{- $key := include "billdb.role.key" (dict "root" $ "role" $role) }}
{{- $given := ternary $.Values.auth.postgresPassword ($own.password | default "") (eq $role "postgres") }}
{{- $kept := index ($existing.data | default dict) $key | default "" | b64dec }}
{{- $_ := set $passwords $role (coalesce $given $kept (randAlphaNum 32)) }}
{{- end }}
{{- $kept := index ($existing.data | default dict) "postgres-password" | default "" | b64dec }}
{{- $revision := dig "metadata" "annotations" "billdb/password-revision" "1" $existing | int }}
{{- if and $kept (ne $kept $passwords.postgres) }}
{{- $revision = add1 $revision }}
{{- end }}
{{- if not (include "billdb.role.owned" (dict "root" . "role" "postgres")) }}
{{- $brought := lookup "v1" "Secret" .Release.Namespace (include "billdb.role.secret" (dict "root" . "role" "postgres")) | default dict }}
{{- $revision = dig "metadata" "resourceVersion" "" $brought }}
{{- end }}
{{- $seen := index ($existing.data | default dict) "bill-monitoring-user-revision" | default "" | b64dec | default "0 nothing" | splitList " " }}
{{- $digest := $passwords.bill_monitoring_user | sha256sum }}
{{- $monitoring := ternary (first $seen | int) (first $seen | int | add1) (eq (last $seen) $digest) | toString }}
{{- $_ := set .Values.auth "resolved" (dict "passwords" $passwords "revision" (toString $revision) "monitoring" $monitoring "seen" (printf "%s %s" $monitoring $digest)) }}
{{- end }}
{{- end }}

{{/*
What changes with the password of bill_monitoring_user, for the exporter's pod, which reads it only when it starts: a count, for whatever is
made of the password itself could be used to guess it. The password that was counted last is told by the Secret alone.
*/}}
{{- define "billdb.metrics.passwordRevision" -}}
{{- $role := dict "root" . "role" "bill_monitoring_user" }}
{{- if include "billdb.role.owned" $role -}}
{{- include "billdb.credentials" . }}{{ .Values.auth.resolved.monitoring }}
{{- else -}}
{{ dig "metadata" "resourceVersion" "" (lookup "v1" "Secret" .Release.Namespace (include "billdb.role.secret" $role) | default dict) }}
{{- end }}
{{- end }}
