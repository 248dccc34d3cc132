{{/* What the Jobs of the snapshots have in common: they ask the Kubernetes API, by kubectl and as an account of their own. */}}

{{/* The labels by which a Job knows the release's own snapshots, as a selector. */}}
{{- define "billdb.snapshots.selector" -}}
app.kubernetes.io/name={{ .Chart.Name }},app.kubernetes.io/instance={{ .Release.Name }},app.kubernetes.io/component=snapshot
{{- end }}

{{/* Something where the newest snapshot is tried every week. The copy's server is not one that CloudNativePG knows. */}}
{{- define "billdb.snapshots.drill" }}{{ if and .Values.snapshots.class .Values.snapshots.drill.enabled (eq .Values.engine "statefulset") }}drill{{ end }}{{ end }}

{{/*
A CronJob: (dict "root" $ "app" NAME "script" FILE "schedule" SCHEDULE "role" ROLE "settings" MAP "environment" MAP). `role` is whose
certificate or password it has beside that of bill_backup_user, as whom it runs; `settings` has deadlineSeconds and resources.
*/}}
{{- define "billdb.snapshots.cronjob" -}}
{{- $connection := dict "root" .root "role" .role "passwords" (without (uniq (list "bill_backup_user" .role)) "billdb_hook") }}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ .app | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "billdb.labels" (dict "root" .root "app" .app "component" "snapshot") | nindent 4 }}
spec:
  schedule: {{ .schedule | quote }}
  timeZone: {{ .root.Values.snapshots.timeZone | quote }}
  concurrencyPolicy: Forbid
  # A run that was missed for longer is left to the next one.
  startingDeadlineSeconds: 3600
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 3
  jobTemplate:
    spec:
      backoffLimit: 2
      # For pods that never start; one that runs ends itself before.
      activeDeadlineSeconds: {{ mul (add .settings.deadlineSeconds 120) 3 }}
      ttlSecondsAfterFinished: {{ int .root.Values.schema.ttlSecondsAfterFinished }}
      podFailurePolicy:
        rules:
          # A drained node is not the run's failure.
          - action: Ignore
            onPodConditions:
              - type: DisruptionTarget
                status: "True"
          # What another try would not mend.
          - action: FailJob
            onExitCodes:
              containerName: snapshot
              operator: In
              values: [3, 124]
      template:
        metadata:
          {{- include "billdb.pod.metadata" (dict "root" .root "app" .app "component" "snapshot") | nindent 10 }}
        spec:
          {{- include "billdb.pod.spec" (merge (dict "account" .app) .root) | nindent 10 }}
          restartPolicy: Never
          initContainers:
            - name: kubectl
              {{- include "billdb.container" (dict "root" .root "resources" .root.Values.snapshots.kubectl.resources "image" .root.Values.snapshots.kubectl.image) | nindent 14 }}
              command: [sh, -c, 'cp "$(command -v kubectl)" /kubectl/kubectl']
              volumeMounts:
                - name: kubectl
                  mountPath: /kubectl
          containers:
            - name: snapshot
              {{- include "billdb.container" (dict "root" .root "resources" .root.Values.snapshots.resources) | nindent 14 }}
              # At its deadline the script ends itself: a pod whose Job has run out of time is deleted, and its log with it.
              command: [timeout, --kill-after=30, {{ int .settings.deadlineSeconds | quote }}, /bin/bash, /scripts/{{ .script }}]
              env:
                {{- include "billdb.connection.env" (dict "root" .root "role" "bill_backup_user") | nindent 16 }}
                - name: PGAPPNAME
                  value: billdb/{{ trimSuffix ".sh" .script }}
                - name: RELEASE
                  value: {{ .root.Release.Name | quote }}
                - name: CHART_VERSION
                  value: {{ .root.Chart.Version | quote }}
                - name: DEADLINE_SECONDS
                  value: {{ int .settings.deadlineSeconds | quote }}
                - name: WAIT_SECONDS
                  value: {{ int .root.Values.schema.waitSeconds | quote }}
                - name: APP
                  value: {{ include "billdb.name.snapshot" .root | quote }}
                - name: SELECTOR
                  value: {{ include "billdb.snapshots.selector" .root | quote }}
                {{- range $name, $value := .environment }}
                - name: {{ $name }}
                  value: {{ $value | quote }}
                {{- end }}
              # What failed is seen by `kubectl describe` too.
              terminationMessagePolicy: FallbackToLogsOnError
              volumeMounts:
                - name: snapshot-script
                  mountPath: /scripts
                  readOnly: true
                - name: kubectl
                  mountPath: /kubectl
                  readOnly: true
                # Where every client of the API looks for it.
                - name: api
                  mountPath: /var/run/secrets/kubernetes.io/serviceaccount
                  readOnly: true
                - name: tmp
                  mountPath: /tmp
                {{- include "billdb.connection.volumeMounts" $connection | nindent 16 }}
          volumes:
            - name: snapshot-script
              configMap:
                name: {{ include "billdb.name.snapshotScript" .root | quote }}
            - name: kubectl
              emptyDir: {}
            # The token is mounted here and nowhere else, so also not where the image of kubectl runs.
            - name: api
              projected:
                defaultMode: 0440
                sources:
                  - serviceAccountToken:
                      path: token
                      expirationSeconds: 3600
                  - configMap:
                      name: kube-root-ca.crt
                      items:
                        - key: ca.crt
                          path: ca.crt
                  - downwardAPI:
                      items:
                        - path: namespace
                          fieldRef:
                            fieldPath: metadata.namespace
            - name: tmp
              emptyDir: {}
            {{- include "billdb.connection.volumes" $connection | nindent 12 }}
{{- end }}

{{/* The account gets the Role of its name: (dict "root" $ "name" NAME). */}}
{{- define "billdb.snapshots.binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ .name | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "billdb.labels.snapshot" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ .name | quote }}
subjects:
  - kind: ServiceAccount
    name: {{ .name | quote }}
    namespace: {{ .root.Release.Namespace | quote }}
{{- end }}
