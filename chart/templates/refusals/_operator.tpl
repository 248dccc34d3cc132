{{/* Kubernetes asks the operator about each Cluster: where it is away, helm would fail half way. */}}
{{- define "billdb.problems.operator" -}}
{{- if and (eq .Values.engine "cloudnativepg") .Values.storageClass.create (.Capabilities.APIVersions.Has "postgresql.cnpg.io/v1/Cluster") }}
{{- $asked := lookup "admissionregistration.k8s.io/v1" "MutatingWebhookConfiguration" "" "cnpg-mutating-webhook-configuration" | default dict }}
{{- with dig "clientConfig" "service" dict (first ($asked.webhooks | default (list dict))) }}
{{- $service := .name }}
{{- $answers := false }}
{{- range (lookup "discovery.k8s.io/v1" "EndpointSlice" .namespace "").items }}
{{- range ternary .endpoints list (eq $service (dig "metadata" "labels" "kubernetes.io/service-name" "" .)) }}
{{- if dig "conditions" "ready" true . }}{{ $answers = true }}{{ end }}
{{- end }}
{{- end }}
{{- if not $answers }}
engine: cloudnativepg, but its operator does not answer: no pod of the Service {{ $service }} of namespace {{ .namespace }} is ready, and Kubernetes would take no Cluster; see kubectl get pods -n {{ .namespace }}, then try again
{{- end }}
{{- $let := list }}
{{- range ternary $.Values.networkPolicy.operator list $.Values.networkPolicy.enabled }}
{{- $let = append $let (dig "namespaceSelector" "matchLabels" "kubernetes.io/metadata.name" "" .) }}
{{- end }}
{{- if and $let (not (has "" $let)) (not (has .namespace $let)) }}
networkPolicy.operator: the namespace {{ join ", " $let }}, but the operator is in {{ .namespace }}, and could not ask the servers how they are; set its namespaceSelector to {{ .namespace }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
