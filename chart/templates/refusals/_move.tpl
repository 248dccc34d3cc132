{{/* A newer major version on the volume of an older one, and moves that would lose data or could not be taken back. */}}

{{- define "billdb.problems.move" -}}
{{- $namespace := .Release.Namespace }}
{{- $word := include "billdb.name.pvc.word" . }}
{{- $claim := include "billdb.name.pvc" . }}
{{- $now := include "billdb.claim.now" . }}
{{- $server := lookup "apps/v1" "StatefulSet" $namespace (include "billdb.name.server" .) | default dict }}
{{- $image := "" }}
{{- range dig "spec" "template" "spec" "containers" list $server }}{{ if eq .name "postgresql" }}{{ $image = .image }}{{ end }}{{ end }}
{{- $had := include "billdb.major" $image }}
{{- $wanted := include "billdb.major" (include "billdb.image" .Values.image) }}
{{- if and $now $had $wanted (lt (int $wanted) (int $had)) }}
image.tag: PostgreSQL {{ $wanted }}, but the data are of PostgreSQL {{ $had }}, and there is no way down; set it to {{ $had }}, or go back to a revision before the move with the data of then: helm rollback
{{- else if and (eq $now $claim) $had $wanted (ne $had $wanted) }}
image.tag: PostgreSQL {{ $wanted }}, but the data on the claim {{ $now }} are of PostgreSQL {{ $had }}; to move them to a new claim, add --set persistence.volume={{ $wanted }} (docs/upgrades.md), or set image.tag to {{ $had }}
{{- end }}
{{- if and $now (ne $now $claim) (eq (include "billdb.move.origin.of" (dict "root" . "claim" $now)) $claim) }}
persistence.volume: {{ quote $word }}, but the data were moved from {{ $claim }} to {{ $now }}, and what was written since is not there; keep {{ trimPrefix (include "billdb.name.pvc.first" .) $now | trimPrefix "-" | quote }}, or go back to the data of then: helm rollback
{{- end }}
{{- $chart := dig "metadata" "labels" "helm.sh/chart" "" $server | trimPrefix (print .Chart.Name "-") }}
{{- if and (include "billdb.move.from" .) $chart (semverCompare "<0.4.0-0" $chart) }}
persistence.volume: {{ quote $word }}, but the release is of chart {{ $chart }}, to which no rollback could open again what a move closes; upgrade to this chart with the image and the volume that there are, then move
{{- end }}
{{- $others := list }}
{{- range (lookup "v1" "PersistentVolumeClaim" $namespace "").items }}
{{- if and (not $now) (eq (dig "metadata" "annotations" "billdb/moved-from" "" .) $claim) }}
persistence.volume: {{ quote $word }}, but a move took the data from {{ $claim }} to the claim {{ .metadata.name }}; set it to {{ trimPrefix (include "billdb.name.pvc.first" $) .metadata.name | trimPrefix "-" | quote }}, or to start with the data of before the move: kubectl delete pvc -n {{ $namespace }} {{ .metadata.name }}, then try again
{{- end }}
{{- if eq .metadata.name (include "billdb.name.pvc.first" $) }}{{ $others = append $others .metadata.name }}{{ end }}
{{- end }}
{{- if and $word $others (not $now) (not (lookup "v1" "PersistentVolumeClaim" $namespace $claim)) }}
persistence.volume: {{ quote $word }}, but the data of an earlier installation are on {{ first $others }} and would stay behind; install without it, then move by helm upgrade
{{- end }}
{{- end }}

{{- define "billdb.problems.volume" -}}
{{- if and (include "billdb.name.pvc.word" .) .Values.persistence.existingClaim }}
persistence.volume: names one of the chart's claims, and persistence.existingClaim is {{ .Values.persistence.existingClaim }}; remove the one or the other
{{- end }}
{{- end }}

{{/* Where helm cannot see on which claim the data are, it cannot move them, and would start an empty database beside them. */}}
{{- define "billdb.problems.moveUnseen" -}}
{{- if and (include "billdb.name.pvc.word" .) (eq .Values.withoutCluster "refuse") }}
persistence.volume: helm cannot look into the cluster here, and so move no data; move by helm upgrade, then give the claim as persistence.existingClaim here
{{- end }}
{{- end }}
