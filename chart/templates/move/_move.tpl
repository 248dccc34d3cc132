{{/* A move: the claim that the values name is not the one that the release's server runs on, and gets its data. */}}

{{/* The claim that the release's server runs on; nothing where it has none, or where helm cannot see it. */}}
{{- define "billdb.claim.now" -}}
{{- $found := lookup "apps/v1" "StatefulSet" .Release.Namespace (include "billdb.name.server" .) | default dict }}
{{- if eq (dig "metadata" "annotations" "meta.helm.sh/release-name" "" $found) .Release.Name }}
{{- range dig "spec" "template" "spec" "volumes" list $found }}
{{- if eq .name "postgresql-data" }}{{ .persistentVolumeClaim.claimName }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The claim that the data are to be moved from now; nothing where there is no move. A preview without a cluster shows one. */}}
{{- define "billdb.move.from" -}}
{{- $now := include "billdb.claim.now" . }}
{{- if not (include "billdb.cluster" .) }}{{ $now = include "billdb.name.pvc.first" . }}{{ end }}
{{- if and (include "billdb.name.pvc.word" .) (not .Values.persistence.existingClaim) $now (ne $now (include "billdb.name.pvc" .)) }}{{ $now }}{{ end }}
{{- end }}

{{/* "true" where the claim to move to is yet to be made: that is done by a hook. */}}
{{- define "billdb.move.new" -}}
{{- if and (include "billdb.move.from" .) (not (lookup "v1" "PersistentVolumeClaim" .Release.Namespace (include "billdb.name.pvc" .))) }}true{{ end }}
{{- end }}

{{/* The claim that the data on the server's claim were moved from, now or once. */}}
{{- define "billdb.move.origin" -}}
{{- include "billdb.move.from" . | default (include "billdb.move.origin.of" (dict "root" . "claim" (include "billdb.name.pvc" .))) }}
{{- end }}

{{/* The claim that a claim's data were moved from: (dict "root" $ "claim" NAME). */}}
{{- define "billdb.move.origin.of" -}}
{{- dig "metadata" "annotations" "billdb/moved-from" "" (lookup "v1" "PersistentVolumeClaim" .root.Release.Namespace .claim | default dict) }}
{{- end }}

{{/* The major version that an image's tag says; nothing where a digest decides, or where the tag says something else. */}}
{{- define "billdb.major" -}}
{{- if not (contains "@" .) }}{{ regexFind ":[12][0-9]([.-][^/:]*)?$" . | trimPrefix ":" | regexFind "^[0-9]+" }}{{ end }}
{{- end }}

{{- define "billdb.labels.move" }}{{ include "billdb.labels" (dict "root" . "app" (include "billdb.name.move" .) "component" "move") }}{{ end }}
