{{/*
Labels of an object: (dict "root" $ "app" NAME "component" WORD "extra" MAP). The chart's own come first: neither "extra" nor
commonLabels can change them.
*/}}
{{- define "billdb.labels" -}}
{{- $chart := printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- $own := dict "app.kubernetes.io/version" .root.Chart.AppVersion "app.kubernetes.io/part-of" "bill-inquiry" "app.kubernetes.io/managed-by" .root.Release.Service "helm.sh/chart" $chart }}
{{- include "billdb.podLabels" (dict "root" .root "app" .app "component" .component "extra" (merge $own (.extra | default dict))) }}
{{- end }}

{{/* The same without the chart's version, so that a new chart alone restarts no pod. */}}
{{- define "billdb.podLabels" -}}
{{- $own := dict "app" .app "tier" "database" "app.kubernetes.io/name" .root.Chart.Name "app.kubernetes.io/instance" .root.Release.Name "app.kubernetes.io/component" .component }}
{{- merge $own (.extra | default dict) (.root.Values.commonLabels | default dict) | toYaml }}
{{- end }}

{{- define "billdb.labels.server" }}{{ include "billdb.labels" (dict "root" . "app" (include "billdb.name.server" .) "component" "server") }}{{ end }}
{{- define "billdb.labels.schema" }}{{ include "billdb.labels" (dict "root" . "app" (include "billdb.name.schemaJob" .) "component" "schema") }}{{ end }}
{{- define "billdb.labels.snapshot" }}{{ include "billdb.labels" (dict "root" . "app" (include "billdb.name.snapshot" .) "component" "snapshot") }}{{ end }}
{{- define "billdb.labels.metrics" }}{{ include "billdb.labels" (dict "root" . "app" (include "billdb.name.metrics" .) "component" "metrics") }}{{ end }}
