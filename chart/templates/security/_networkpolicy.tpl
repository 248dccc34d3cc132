{{/* What every pod may reach: DNS, by default at whichever address, for it may run in pods or, as a cache, on the node. */}}
{{- define "billdb.networkPolicy.egress" -}}
- ports:
    {{- range $port := .Values.networkPolicy.dnsPorts }}
    {{- range list "UDP" "TCP" }}
    - port: {{ $port }}
      protocol: {{ . }}
    {{- end }}
    {{- end }}
  {{- with .Values.networkPolicy.dns }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- with .Values.networkPolicy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end }}
