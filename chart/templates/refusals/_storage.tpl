{{/* The volume and its claim. */}}

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
