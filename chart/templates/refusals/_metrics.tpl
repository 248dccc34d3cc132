{{/* Monitors and rules are objects of an operator's, which not every cluster has. */}}
{{- define "billdb.problems.metricsAPI" -}}
{{- $metrics := .Values.metrics }}
{{- $kind := get (dict "serviceMonitor" "ServiceMonitor" "podMonitor" "PodMonitor") $metrics.scrape }}
{{- range $kind := list $kind (ternary "PodMonitor" "" (eq .Values.engine "cloudnativepg")) | compact | uniq }}
{{- if and $metrics.enabled (ne $metrics.scrape "none") (ne $metrics.scrape "annotations") (not ($.Capabilities.APIVersions.Has (printf "%s/v1/%s" $metrics.monitor.apiGroup $kind))) }}
metrics.scrape: {{ $metrics.scrape }}, but this cluster does not know {{ $kind }} of {{ $metrics.monitor.apiGroup }}/v1; install its operator first, choose its group with metrics.monitor.apiGroup, or set scrape to annotations or none (docs/monitoring.md)
{{- end }}
{{- end }}
{{- if and $metrics.alerts.enabled (eq $metrics.alerts.kind "PrometheusRule") (not (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1/PrometheusRule")) }}
metrics.alerts.kind: PrometheusRule, but this cluster does not know PrometheusRule of monitoring.coreos.com/v1; install the Prometheus operator first, or choose ConfigMap, the same rules as a file (docs/alerts.md)
{{- end }}
{{- end }}

{{- define "billdb.problems.metrics" -}}
{{- $metrics := .Values.metrics }}
{{- if and $metrics.tls.existingSecret (not $metrics.tls.enabled) }}
metrics.tls.existingSecret: {{ $metrics.tls.existingSecret }}, but metrics.tls.enabled is false and nothing would be served with it; set that to true, or remove the Secret's name
{{- end }}
{{- if and (ne $metrics.scrape "none") (not $metrics.enabled) }}
metrics.scrape: {{ $metrics.scrape }}, but metrics.enabled is false and there is nothing to scrape; set that to true, or scrape to none
{{- end }}
{{- if and $metrics.alerts.enabled (eq $metrics.alerts.kind "PrometheusRule") (not $metrics.enabled) }}
metrics.alerts.enabled: true, but metrics.enabled is false, so that most rules would have nothing to read and BilldbMetricsMissing would always fire; set metrics.enabled to true, or metrics.alerts.enabled to false
{{- end }}
{{- if and $metrics.enabled (regexMatch "\\s" (.Values.auth.roles.bill_monitoring_user.password | default "")) }}
auth.roles.bill_monitoring_user.password: it has a blank, with which the exporter cannot log in; choose a password without one, or set metrics.enabled to false
{{- end }}
{{- $names := list }}
{{- range $path, $_ := .Files.Glob "monitoring/alerts/*.yaml" }}{{ $names = append $names (base $path | trimSuffix ".yaml") }}{{ end }}
{{- range $metrics.alerts.exclude }}
{{- if not (has . $names) }}
metrics.alerts.exclude: no alert of the chart is called {{ . }}; there are: {{ join ", " $names }}
{{- end }}
{{- end }}
{{- end }}
