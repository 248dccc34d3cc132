{{/* What the schema of the values cannot say. Each template gives one line a problem: KEY: what was found; what to do. */}}

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
