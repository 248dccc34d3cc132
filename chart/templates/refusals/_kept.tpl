{{/* What helm keeps beside CloudNativePG's Cluster goes on working, also where a value says that it is not wanted any more. */}}
{{- define "billdb.problems.kept" -}}
{{- $namespace := .Release.Namespace }}
{{- $policies := list }}
{{- range ternary list (list (include "billdb.name.server" .) (include "billdb.name.instances" .)) .Values.networkPolicy.enabled }}
{{- if eq "keep" (include "billdb.kept.policy" (lookup "networking.k8s.io/v1" "NetworkPolicy" $namespace .)) }}{{ $policies = append $policies (print "networkpolicy/" .) }}{{ end }}
{{- end }}
{{- with $policies }}
networkPolicy.enabled: false, but helm keeps {{ join " " . }} of namespace {{ $namespace }}, which would still decide who reaches the server; run: kubectl delete -n {{ $namespace }} {{ join " " . }}, then try again
{{- end }}
{{- if and (eq .Values.engine "cloudnativepg") (not .Values.cloudnativepg.archive.enabled) (.Capabilities.APIVersions.Has "postgresql.cnpg.io/v1/ScheduledBackup") }}
{{- $name := include "billdb.name.archive" . }}
{{- if eq "keep" (include "billdb.kept.policy" (lookup "postgresql.cnpg.io/v1" "ScheduledBackup" $namespace $name)) }}
cloudnativepg.archive.enabled: false, but helm keeps scheduledbackup/{{ $name }} of namespace {{ $namespace }}, whose backups would fail from now on; run: kubectl delete -n {{ $namespace }} scheduledbackup/{{ $name }}, then try again
{{- end }}
{{- end }}
{{- end }}

{{/* What is left of CloudNativePG's Cluster would open the StatefulSet's pod, or fail for ever. */}}
{{- define "billdb.problems.keptOfCluster" -}}
{{- if eq .Values.engine "statefulset" }}
{{- $namespace := .Release.Namespace }}
{{- $kept := list }}
{{- if .Values.networkPolicy.enabled }}
{{- $name := include "billdb.name.instances" . }}
{{- if eq "keep" (include "billdb.kept.policy" (lookup "networking.k8s.io/v1" "NetworkPolicy" $namespace $name)) }}{{ $kept = append $kept (print "networkpolicy/" $name) }}{{ end }}
{{- end }}
{{- if .Capabilities.APIVersions.Has "postgresql.cnpg.io/v1/ScheduledBackup" }}
{{- $name := include "billdb.name.archive" . }}
{{- if eq "keep" (include "billdb.kept.policy" (lookup "postgresql.cnpg.io/v1" "ScheduledBackup" $namespace $name)) }}{{ $kept = append $kept (print "scheduledbackup/" $name) }}{{ end }}
{{- end }}
{{- with $kept }}
engine: statefulset, but helm keeps {{ join " " . }} of namespace {{ $namespace }}, made for a Cluster of CloudNativePG's and still at work; run: kubectl delete -n {{ $namespace }} {{ join " " . }}, then try again
{{- end }}
{{- end }}
{{- end }}

{{- define "billdb.kept.policy" }}{{ dig "metadata" "annotations" "helm.sh/resource-policy" "" (. | default dict) }}{{ end }}
