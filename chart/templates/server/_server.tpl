{{/* The plan's probe with given timing: (dict "root" $ "timing" MAP). */}}
{{- define "billdb.server.probe" -}}
exec:
  command: [/bin/sh, -c, exec pg_isready -U postgres -h 127.0.0.1 -p {{ .root.Values.service.port }}]
{{ toYaml .timing }}
{{- end }}

{{- define "billdb.server.volumeMounts" -}}
- name: postgresql-data
  mountPath: {{ .Values.persistence.mountPath }}
- name: config
  mountPath: /etc/postgresql
  readOnly: true
- name: config
  mountPath: /etc/passwd
  subPath: passwd
  readOnly: true
{{- if ne .Values.tls.mode "disabled" }}
- name: tls
  mountPath: /etc/postgresql-tls
  readOnly: true
{{- end }}
- name: run
  mountPath: /var/run/postgresql
- name: tmp
  mountPath: /tmp
- name: shm
  mountPath: /dev/shm
{{- end }}
