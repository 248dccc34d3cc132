{{/* Policies hold for the address behind the API server's Service: where its port is another one, no server of CloudNativePG's begins. */}}
{{- define "billdb.problems.apiServer" -}}
{{- if and (eq .Values.engine "cloudnativepg") .Values.networkPolicy.enabled .Values.storageClass.create (.Capabilities.APIVersions.Has "postgresql.cnpg.io/v1/Cluster") }}
{{- range (lookup "discovery.k8s.io/v1" "EndpointSlice" "default" "kubernetes" | default dict).ports }}
{{- if and (eq .name "https") (not (has (int .port | toString) (join " " $.Values.networkPolicy.apiServerPorts | splitList " "))) }}
networkPolicy.apiServerPorts: {{ join ", " $.Values.networkPolicy.apiServerPorts }}, but this cluster's API server listens at {{ int .port }}, and neither the servers nor their Jobs would reach it; add {{ int .port }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
