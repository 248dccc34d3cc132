{{/* The server's claim: (dict "root" $ "annotations" MAP). */}}
{{- define "billdb.server.claim" -}}
{{- $root := .root }}
{{- with .root.Values.persistence -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ include "billdb.name.pvc" $root | quote }}
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- include "billdb.labels" (dict "root" $root "app" (include "billdb.name.server" $root) "component" "server" "extra" .labels) | nindent 4 }}
  annotations:
    # The data outlives helm uninstall.
    helm.sh/resource-policy: keep
    {{- with include "billdb.move.origin" $root }}
    # What prepare-volume and later upgrades know the move by.
    billdb/moved-from: {{ . | quote }}
    {{- end }}
    {{- with merge (dict) ($.annotations | default dict) (.annotations | default dict) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  accessModes:
    {{- toYaml .accessModes | nindent 4 }}
  {{- with .storageClass }}
  storageClassName: {{ . | quote }}
  {{- end }}
  resources:
    requests:
      storage: {{ .size | quote }}
{{- end }}
{{- end }}
