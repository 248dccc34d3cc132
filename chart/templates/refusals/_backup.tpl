{{/* Where the backups are, as far as it can be said without a look into the cluster. */}}
{{- define "billdb.problems.repository" -}}
{{- $repository := .Values.backup.repository }}
{{- if .Values.backup.enabled }}
{{- range $key := get (dict "volume" list "s3" (list "endpoint" "bucket") "azure" (list "account" "container")) $repository.type }}
{{- if not (index $repository $repository.type $key) }}
backup.repository.{{ $repository.type }}.{{ $key }}: empty, and backup.repository.type is {{ $repository.type }}; say which {{ $key }} the backups are in
{{- end }}
{{- end }}
{{- if and $repository.password $repository.passwordSecret }}
backup.repository.password: given, but backup.repository.passwordSecret takes it from the Secret {{ $repository.passwordSecret }}; remove the one or the other
{{- end }}
{{- end }}
{{- end }}

{{/* What a restore at installation needs. */}}
{{- define "billdb.problems.restore" -}}
{{- if and .Values.restore.from (not .Values.backup.enabled) }}
restore.from: {{ .Values.restore.from }}, but backup.enabled is false, and nothing says where the backups are; set backup.enabled=true
{{- end }}
{{- end }}

{{/* What it needs of the cluster: a release that is installed makes a new repository otherwise, and a new password. */}}
{{- define "billdb.problems.restored" -}}
{{- $repository := .Values.backup.repository }}
{{- if and .Values.restore.from .Values.backup.enabled .Release.IsInstall }}
{{- if and (eq $repository.type "volume") (not (lookup "v1" "PersistentVolumeClaim" .Release.Namespace (include "billdb.name.backupPVC" .))) }}
restore.from: {{ .Values.restore.from }}, but there is no claim {{ include "billdb.name.backupPVC" . }}, where the backups would be; set backup.repository.volume.existingClaim to the one that has them, or backup.repository.type to their store
{{- end }}
{{- if not (or $repository.password $repository.passwordSecret (lookup "v1" "Secret" .Release.Namespace (include "billdb.name.backupSecret" .))) }}
restore.from: {{ .Values.restore.from }}, but the password that the backups were made with is not given; give backup.repository.passwordSecret or backup.repository.password
{{- end }}
{{- end }}
{{- end }}

{{/* What a backup needs and finds in the cluster. */}}
{{- define "billdb.problems.backup" -}}
{{- $repository := .Values.backup.repository }}
{{- $namespace := .Release.Namespace }}
{{- if .Values.backup.enabled }}
{{- $claim := lookup "v1" "PersistentVolumeClaim" $namespace (include "billdb.name.backupPVC" .) | default dict }}
{{- if and (eq $repository.type "volume") $repository.volume.existingClaim (not $claim) }}
backup.repository.volume.existingClaim: no PersistentVolumeClaim {{ $repository.volume.existingClaim }} in namespace {{ $namespace }}; create it first
{{- else if and (eq $repository.type "volume") $claim (not $repository.volume.existingClaim) }}
{{- $size := $claim.spec.resources.requests.storage }}
{{- if ne (include "billdb.bytes" (dict "value" $repository.volume.size "unit" 1)) (include "billdb.bytes" (dict "value" $size "unit" 1)) }}
backup.repository.volume.size: {{ $repository.volume.size }}, but the claim {{ $claim.metadata.name }} has {{ $size }}; set it to that, or let the claim grow first: kubectl patch pvc -n {{ $namespace }} {{ $claim.metadata.name }} -p '{"spec":{"resources":{"requests":{"storage":"{{ $repository.volume.size }}"}}}}'
{{- end }}
{{- end }}
{{- $name := include "billdb.name.backupSecret" . }}
{{- $secret := lookup "v1" "Secret" $namespace $name | default dict }}
{{- $keys := keys ($secret.data | default dict) | sortAlpha | join ", " }}
{{- if and $repository.passwordSecret (not (hasKey ($secret.data | default dict) $repository.passwordSecretKey)) }}
backup.repository.passwordSecret: {{ if $secret }}the Secret {{ $name }} has no key {{ $repository.passwordSecretKey }}; its keys are: {{ $keys }}{{ else }}no Secret {{ $name }} in namespace {{ $namespace }}; create it first, with the key {{ $repository.passwordSecretKey }}{{ end }}
{{- end }}
{{- $kept := dig "data" "password" "" $secret | b64dec }}
{{- if and $kept $repository.password (ne $kept $repository.password) (not $repository.passwordSecret) }}
backup.repository.password: not the one in the Secret {{ $name }}, without which the backups made so far cannot be read; leave the value empty, or give that one
{{- end }}
{{- if and (ne $repository.type "volume") $repository.existingSecret (not (lookup "v1" "Secret" $namespace $repository.existingSecret)) }}
backup.repository.existingSecret: no Secret {{ $repository.existingSecret }} in namespace {{ $namespace }}; create it first, with the store's keys
{{- end }}
{{- if and .Values.backup.beforeUpgrade .Release.IsUpgrade (not (lookup "v1" "ConfigMap" $namespace (include "billdb.name.backupScript" .))) }}
backup.beforeUpgrade: this release makes no backups yet, and an upgrade would not begin without one; run this upgrade with backup.beforeUpgrade=false
{{- end }}
{{- end }}
{{- end }}
