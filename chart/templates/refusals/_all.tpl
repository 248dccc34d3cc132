{{/* What the schema of the values cannot say. Each template gives one line a problem: KEY: what was found; what to do. */}}

{{- define "billdb.problems" -}}
{{- $seen := ternary (list "cloudnativepgAPI" "operator" "apiServer" "cloudnativepgRunning" "engine" "kept" "keptOfCluster" "secrets" "claim" "storageClass" "certManager" "moved" "move" "foreign" "backup" "restored" "snapshots" "metricsAPI") (list "withoutCluster" "moveUnseen") (eq (include "billdb.cluster" .) "true") }}
{{- range concat (list "cloudnativepg" "cloudnativepgSpec" "pooler" "pods" "parameters" "log" "memory" "resources" "tls" "migrations" "passwords" "volume" "service" "repository" "restore" "metrics") $seen }}
{{ include (printf "billdb.problems.%s" .) $ }}
{{- end }}
{{- end }}

{{/* "true" where helm can look into the cluster. Every namespace there has this ConfigMap; one that is yet to be created does not. */}}
{{- define "billdb.cluster" -}}
{{- if or (lookup "v1" "ConfigMap" .Release.Namespace "kube-root-ca.crt") (lookup "v1" "Namespace" "" "default") }}true{{ end }}
{{- end }}
