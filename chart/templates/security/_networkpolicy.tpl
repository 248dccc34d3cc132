{{/* By default to whichever address: a cluster's DNS may run in pods or, as a cache, on the node. */}}
{{- define "billdb.networkPolicy.dns" -}}
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
  {{- with .Values.networkPolicy.dns }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
