{{/*
Resolves the superuser's password once a render, into .Values.auth.resolved: {password, revision}.
Given, else kept, else generated. The revision grows by one when the password changes: the pod's annotation carries it,
so that the pod restarts and takes the new password, and nothing that could be used to guess it.
*/}}
{{- define "billdb.credentials" -}}
{{- if not (hasKey .Values.auth "resolved") }}
{{- $existing := lookup "v1" "Secret" .Release.Namespace (include "billdb.name.secret" .) | default dict }}
{{- $kept := index ($existing.data | default dict) "postgres-password" | default "" | b64dec }}
{{- $password := .Values.auth.postgresPassword | default $kept | default (randAlphaNum 32) }}
{{- $revision := dig "metadata" "annotations" "billdb/password-revision" "1" $existing | int }}
{{- if and $kept (ne $kept $password) }}
{{- $revision = add1 $revision }}
{{- end }}
{{- if .Values.auth.existingSecret }}
{{- $revision = dig "metadata" "resourceVersion" "" $existing }}
{{- end }}
{{- $_ := set .Values.auth "resolved" (dict "password" $password "revision" (toString $revision)) }}
{{- end }}
{{- end }}
