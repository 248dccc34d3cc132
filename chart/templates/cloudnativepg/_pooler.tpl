{{/* Whether PgBouncer is asked for: "true" or nothing. */}}
{{- define "billdb.pooler" }}{{ if and (eq .Values.engine "cloudnativepg") .Values.cloudnativepg.pooler.enabled }}true{{ end }}{{ end }}

{{/* PgBouncer's settings: without TLS nobody comes in, and what answers as the primary has to be it. */}}
{{- define "billdb.pooler.parameters" -}}
{{- $tls := dict "client_tls_sslmode" "require" "server_tls_sslmode" "verify-full" "server_tls_protocols" (ternary "tlsv1.3" "secure" (eq .Values.tls.minVersion "TLSv1.3")) }}
{{- range $name, $value := merge (deepCopy .Values.cloudnativepg.pooler.parameters) $tls }}
{{- if not (kindIs "invalid" $value) }}
{{ $name }}: {{ (kindIs "string" $value) | ternary $value (toJson $value) | toString | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The Pooler's specification as the values have it, without cloudnativepg.pooler.spec. */}}
{{- define "billdb.pooler.spec" -}}
{{- $pooler := .Values.cloudnativepg.pooler -}}
cluster:
  name: {{ include "billdb.name.server" . | quote }}
type: rw
instances: {{ int $pooler.instances }}
pgbouncer:
  poolMode: transaction
  # The operator would sign a certificate itself if it had the CA's key.
  serverTLSSecret:
    name: {{ include "billdb.name.poolerTLS" . | quote }}
  authQuery: SELECT usename, passwd FROM pooler.user_search($1)
  image: {{ include "billdb.image" $pooler.image | quote }}
  parameters:
    {{- include "billdb.pooler.parameters" . | nindent 4 }}
template:
  metadata:
    labels:
      app: {{ include "billdb.name.pooler" . | quote }}
      {{- with merge (dict) .Values.podLabels .Values.commonLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- with merge (dict) .Values.podAnnotations (include "billdb.metrics.annotations" (dict "root" . "port" 9127) | fromYaml) }}
    annotations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  spec:
    {{- with .Values.image.pullSecrets }}
    imagePullSecrets:
      {{- range . }}
      - name: {{ . | quote }}
      {{- end }}
    {{- end }}
    initContainers:
      - name: bootstrap-controller
        resources:
          {{- include "billdb.resources" $pooler.resources | nindent 10 }}
    containers:
      - name: pgbouncer
        imagePullPolicy: {{ .Values.image.pullPolicy }}
        resources:
          {{- include "billdb.resources" $pooler.resources | nindent 10 }}
    {{- with .Values.nodeSelector }}
    nodeSelector:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .Values.tolerations }}
    tolerations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .Values.affinity }}
    affinity:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .Values.priorityClassName }}
    priorityClassName: {{ . | quote }}
    {{- end }}
    topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: kubernetes.io/hostname
        whenUnsatisfiable: ScheduleAnyway
        labelSelector:
          matchLabels:
            cnpg.io/poolerName: {{ include "billdb.name.pooler" . | quote }}
{{- if and .Values.metrics.enabled .Values.metrics.tls.enabled }}
monitoring:
  tls:
    enabled: true
{{- end }}
{{- end }}
