{{/* A claim's class and access modes cannot be changed, and its size cannot shrink. */}}
{{- define "billdb.problems.claim" -}}
{{- $name := include "billdb.name.pvc" . }}
{{- $claim := lookup "v1" "PersistentVolumeClaim" .Release.Namespace $name }}
{{- $class := .Values.persistence.storageClass }}
{{- if .Values.persistence.existingClaim }}
{{- if not $claim }}
persistence.existingClaim: no PersistentVolumeClaim {{ $name }} in namespace {{ .Release.Namespace }}; create it first
{{- end }}
{{- else if $claim }}
{{- $has := $claim.spec.storageClassName | default "none" }}
{{- if and $class (ne $class $has) }}
persistence.storageClass: {{ $class }}, but the claim {{ $name }} has {{ $has }} and cannot change it; {{ if eq $claim.status.phase "Bound" }}set persistence.storageClass to {{ $has }}{{ else }}it holds no data yet: kubectl delete pvc -n {{ .Release.Namespace }} {{ $name }}, then try again{{ end }}
{{- end }}
{{- if ne (.Values.persistence.accessModes | join ",") ($claim.spec.accessModes | join ",") }}
persistence.accessModes: {{ .Values.persistence.accessModes | join "," }}, but the claim {{ $name }} has {{ $claim.spec.accessModes | join "," }} and cannot change it; set it to that
{{- end }}
{{- $size := $claim.spec.resources.requests.storage }}
{{- if lt (include "billdb.bytes" (dict "value" .Values.persistence.size "unit" 1) | int64) (include "billdb.bytes" (dict "value" $size "unit" 1) | int64) }}
persistence.size: {{ .Values.persistence.size }}, but the claim {{ $name }} has {{ $size }} and cannot shrink; set it to {{ $size }} or more (the way back to older values, too, is helm upgrade with this size: helm rollback would fail)
{{- end }}
{{- end }}
{{- end }}

{{/* A claim whose class nobody serves would wait for ever. */}}
{{- define "billdb.problems.storageClass" -}}
{{- if include "billdb.storageClass.wanted" . }}
{{- $class := .Values.persistence.storageClass }}
{{- $provisioner := .Values.storageClass.provisioner }}
{{- $names := list }}
{{- $found := "" }}
{{- range (lookup "storage.k8s.io/v1" "StorageClass" "" "").items }}
{{- $default := has "true" (list (dig "metadata" "annotations" "storageclass.kubernetes.io/is-default-class" "" .) (dig "metadata" "annotations" "storageclass.beta.kubernetes.io/is-default-class" "" .)) }}
{{- $names = append $names (printf "%s%s" .metadata.name (ternary " (default)" "" $default)) }}
{{- if ternary (or (eq .metadata.name $class) (eq .provisioner $provisioner)) $default (ne $class "") }}{{ $found = .metadata.name }}{{ end }}
{{- end }}
{{- if and (not $class) (not $found) }}
persistence.storageClass: empty, but this cluster has no default StorageClass; it has: {{ join ", " $names | default "none" }}; set it to one of them, or storageClass.create to false where a volume without a class waits for the claim
{{- else if not (or $found (hasPrefix "kubernetes.io/" $provisioner) (and (not (contains "/" $provisioner)) (lookup "storage.k8s.io/v1" "CSIDriver" "" $provisioner))) }}
persistence.storageClass: {{ $class }}, but this cluster has neither this StorageClass nor the driver to make it with, {{ $provisioner }}; it has: {{ join ", " $names | default "none" }}; set it to one of them, or to "" for the default (presets/any-cluster.yaml), or install the driver (storageClass.provisioner)
{{- end }}
{{- end }}
{{- end }}

{{/* "true" while the chart's own claim waits for a volume, and storageClass.create allows a look at the cluster's classes. */}}
{{- define "billdb.storageClass.wanted" -}}
{{- $claim := lookup "v1" "PersistentVolumeClaim" .Release.Namespace (include "billdb.name.pvc" .) | default dict }}
{{- if and .Values.storageClass.create (not .Values.persistence.existingClaim) (ne (dig "status" "phase" "" $claim) "Bound") }}true{{ end }}
{{- end }}
