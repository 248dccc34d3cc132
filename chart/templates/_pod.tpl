{{/* The PostgreSQL image: every pod of the chart runs it. */}}
{{- define "billdb.image" -}}
{{- with .Values.image -}}
{{ .registry }}/{{ .repository }}{{ with .tag }}:{{ . }}{{ end }}{{ with .digest }}@{{ . }}{{ end }}
{{- end }}
{{- end }}

{{/* User and group id of PostgreSQL's programs: the image profile's own, whose volumes belong to it. */}}
{{- define "billdb.image.user" -}}
{{ .Values.image.user | default (get (dict "official" 999 "bitnamilegacy" 1001 "cloudnative-pg" 26) .Values.image.profile) }}
{{- end }}

{{- define "billdb.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* What the Pod Security standard "restricted" asks of a pod, and no token for an API that no pod needs. */}}
{{- define "billdb.podSecurity" -}}
serviceAccountName: {{ include "billdb.name.server" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ include "billdb.image.user" . }}
  runAsGroup: {{ include "billdb.image.user" . }}
  fsGroup: {{ include "billdb.image.user" . }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "billdb.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
