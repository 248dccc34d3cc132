{{/* What CloudNativePG wants on a Secret whose changes it is to bring to the servers; without that engine nothing. */}}
{{- define "billdb.cloudnativepg.reload" }}{{ if eq .Values.engine "cloudnativepg" }}{cnpg.io/reload: "true"}{{ end }}{{ end }}

{{/* The Cluster's specification, with cloudnativepg.spec laid over it, in JSON. */}}
{{- define "billdb.cloudnativepg.cluster" -}}
{{- mustMergeOverwrite (include "billdb.cloudnativepg.spec" . | fromYaml) (deepCopy .Values.cloudnativepg.spec) | toJson }}
{{- end }}

{{/* The same as the values have it, without cloudnativepg.spec. */}}
{{- define "billdb.cloudnativepg.spec" -}}
{{- $server := include "billdb.name.server" . -}}
instances: {{ int .Values.cloudnativepg.instances }}
imageName: {{ include "billdb.image" .Values.image | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
postgresUID: {{ include "billdb.image.user" . }}
postgresGID: {{ include "billdb.image.user" . }}
serviceAccountName: {{ $server | quote }}
# NetworkPolicies and people select the servers by these.
inheritedMetadata:
  labels:
    app: {{ $server | quote }}
    tier: database
    {{- with merge (dict) .Values.podLabels .Values.commonLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with merge (dict) .Values.podAnnotations (include "billdb.metrics.annotations" (dict "root" . "port" 9187) | fromYaml) }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- include "billdb.archive.cluster" . }}
{{- with .Values.snapshots.class }}
backup:
  volumeSnapshot:
    className: {{ . | quote }}
    labels:
      app: {{ include "billdb.name.snapshot" $ | quote }}
    # Deleting a Backup deletes its snapshot: that is how older ones go.
    snapshotOwnerReference: backup
    online: true
    onlineConfiguration:
      immediateCheckpoint: true
{{- end }}
{{- if include "billdb.metrics.instances" . }}
monitoring:
  # Its own ask in the service's database, which does not let their role in, and tell apart whatever clients call themselves.
  disableDefaultQueries: true
  customQueriesConfigMap:
    - name: {{ include "billdb.name.instancesQueries" . | quote }}
      key: queries
  {{- if .Values.metrics.tls.enabled }}
  tls:
    enabled: true
  {{- end }}
{{- end }}
{{- $spec := .Values.cloudnativepg.spec.bootstrap | default dict }}
{{- /* A Cluster begins in one way; cloudnativepg.spec may name another, such as the snapshot of a volume. */}}
{{- $recovery := .Values.cloudnativepg.recovery }}
{{- if or $recovery.from $recovery.snapshot (not (or (hasKey $spec "recovery") (hasKey $spec "pg_basebackup"))) }}
bootstrap:
  {{- if or $recovery.from $recovery.snapshot }}
  recovery:
    # As of a new one: CloudNativePG would make a database and a login of its own.
    database: billdb_hook
    owner: billdb_hook
    {{- with $recovery.from }}
    source: origin
    {{- end }}
    {{- with $recovery.snapshot }}
    volumeSnapshots:
      storage:
        apiGroup: snapshot.storage.k8s.io
        kind: VolumeSnapshot
        name: {{ . | quote }}
    {{- end }}
    {{- with $recovery.until }}
    recoveryTarget:
      targetTime: {{ . | quote }}
    {{- end }}
  {{- else }}
  initdb:
    # CloudNativePG wants to make a database and its owner: the schema Job's role with an empty one. That Job makes the service's, so that a
    # backup that is restored first finds none.
    database: billdb_hook
    owner: billdb_hook
    postInitSQL:
      - ALTER ROLE billdb_hook SUPERUSER
    encoding: UTF8
    localeCollate: {{ .Values.postgresql.locale | quote }}
    localeCType: {{ .Values.postgresql.locale | quote }}
    dataChecksums: true
  {{- end }}
{{- end }}
managed:
  roles:
    # The schema Job's, by its certificate alone.
    - name: billdb_hook
      superuser: true
      login: true
      disablePassword: true
  services:
    additional:
      - selectorType: rw
        updateStrategy: patch
        serviceTemplate:
          metadata:
            name: {{ $server | quote }}
            {{- with .Values.service.annotations }}
            annotations:
              {{- toYaml . | nindent 14 }}
            {{- end }}
          spec:
            type: {{ .Values.service.type }}
            {{- with .Values.service.loadBalancerSourceRanges }}
            loadBalancerSourceRanges:
              {{- toYaml . | nindent 14 }}
            {{- end }}
enableSuperuserAccess: {{ .Values.auth.superuserFromNetwork }}
{{- if .Values.auth.superuserFromNetwork }}
superuserSecret:
  name: {{ include "billdb.name.superuser" . | quote }}
{{- end }}
certificates:
  serverCASecret: {{ include "billdb.name.tls" . | quote }}
  serverTLSSecret: {{ include "billdb.name.tls" . | quote }}
  # It has the CA's certificate, and not the key that would sign others.
  clientCASecret: {{ include "billdb.name.replicationTLS" . | quote }}
  replicationTLSSecret: {{ include "billdb.name.replicationTLS" . | quote }}
{{- if or (eq (include "billdb.schema.login" .) "certificate") (include "billdb.pooler" .) }}
# For audit.certificates() to tell their ends; their keys stay where they are. The pooler's also where there is none yet: another source
# would restart every server.
projectedVolumeTemplate:
  sources:
    {{- range $file, $secret := dict "pooler.crt" (include "billdb.name.poolerTLS" .) "schema.crt" (include "billdb.name.schemaTLS" .) }}
    - secret:
        name: {{ $secret | quote }}
        optional: true
        items:
          - key: tls.crt
            path: {{ $file }}
    {{- end }}
{{- end }}
postgresql:
  parameters:
    {{- include "billdb.cloudnativepg.parameters" . | nindent 4 }}
  shared_preload_libraries: {{ splitList "," (toString .Values.postgresql.parameters.shared_preload_libraries) | compact | toJson }}
  pg_hba:
    {{- include "billdb.cloudnativepg.hba" . | fromJsonArray | toYaml | nindent 4 }}
  {{- with include "billdb.cloudnativepg.synchronous" . }}
  {{- . | nindent 2 }}
  {{- end }}
resources:
  {{- include "billdb.resources" .Values.resources | nindent 2 }}
storage:
  size: {{ include "billdb.quantity" .Values.persistence.size | quote }}
  {{- with .Values.persistence.storageClass }}
  storageClass: {{ . | quote }}
  {{- end }}
  pvcTemplate:
    accessModes:
      {{- toYaml .Values.persistence.accessModes | nindent 6 }}
ephemeralVolumesSizeLimit:
  shm: {{ include "billdb.quantity" .Values.sharedMemorySize | quote }}
affinity:
  enablePodAntiAffinity: true
  podAntiAffinityType: preferred
  topologyKey: kubernetes.io/hostname
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- range $kind, $name := dict "nodeAffinity" "nodeAffinity" "podAffinity" "additionalPodAffinity" "podAntiAffinity" "additionalPodAntiAffinity" }}
  {{- with get $.Values.affinity $kind }}
  {{ $name }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
topologySpreadConstraints:
  {{- if .Values.topologySpreadConstraints }}
  {{- toYaml .Values.topologySpreadConstraints | nindent 2 }}
  {{- else }}
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        cnpg.io/cluster: {{ $server | quote }}
  {{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
# CloudNativePG's lets the primary go once another server can take its place: one alone it would keep on its node for ever.
enablePDB: {{ and .Values.podDisruptionBudget.enabled (gt (int .Values.cloudnativepg.instances) 1) }}
# A pod that goes does not wait for its clients to go first: they come back at once, to the next primary.
smartShutdownTimeout: 0
stopDelay: {{ int .Values.terminationGracePeriodSeconds }}
# A primary that stands still is ended before another one is promoted: were it to wake up after that, a replica that still waits for its
# answer would follow it, and confirm commits that the new primary does not have.
probes:
  liveness:
    terminationGracePeriodSeconds: 5
{{- if gt (int .Values.cloudnativepg.instances) 1 }}
# An update gives the primary's place to another server first: one that is restarted might not come back, and nobody would take over.
primaryUpdateMethod: switchover
{{- end }}
switchoverDelay: {{ int .Values.terminationGracePeriodSeconds }}
{{- end }}
