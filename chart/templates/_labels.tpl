{{/* Labels of an object: (dict "root" $ "app" NAME "component" WORD). */}}
{{- define "billdb.labels" -}}
{{ include "billdb.podLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: bill-inquiry
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Labels of a pod: without the chart's version, so that a new chart alone restarts nothing. */}}
{{- define "billdb.podLabels" -}}
app: {{ .app }}
tier: database
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "billdb.labels.server" -}}
{{ include "billdb.labels" (dict "root" . "app" (include "billdb.name.server" .) "component" "server") }}
{{- end }}

{{- define "billdb.labels.schema" -}}
{{ include "billdb.labels" (dict "root" . "app" (include "billdb.name.schemaJob" .) "component" "schema") }}
{{- end }}
