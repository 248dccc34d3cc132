{{/* Snapshots need an API that not every cluster has, and a class of the volume's own driver. */}}
{{- define "billdb.problems.snapshots" -}}
{{- $class := .Values.snapshots.class }}
{{- if and $class (not (.Capabilities.APIVersions.Has "snapshot.storage.k8s.io/v1")) }}
snapshots.class: {{ $class }}, but this cluster does not know snapshot.storage.k8s.io/v1; install the snapshot controller and its CRDs first (docs/snapshots.md), or leave it empty
{{- else if and $class .Values.storageClass.create }}
{{- $found := lookup "snapshot.storage.k8s.io/v1" "VolumeSnapshotClass" "" $class | default dict }}
{{- $claim := lookup "v1" "PersistentVolumeClaim" .Release.Namespace (include "billdb.name.pvc" .) | default dict }}
{{- $driver := dig "metadata" "annotations" "volume.kubernetes.io/storage-provisioner" "" $claim }}
{{- if not $found }}
{{- $names := list }}
{{- range (lookup "snapshot.storage.k8s.io/v1" "VolumeSnapshotClass" "" "").items }}{{ $names = append $names .metadata.name }}{{ end }}
snapshots.class: no VolumeSnapshotClass {{ $class }} in this cluster; it has: {{ join ", " $names | default "none" }}; set it to one of them, or make it first (docs/snapshots.md)
{{- else if and $driver (ne $driver $found.driver) }}
snapshots.class: {{ $class }} is of the driver {{ $found.driver }}, but the volume of the claim {{ $claim.metadata.name }} is of {{ $driver }}; choose a class of that driver
{{- end }}
{{- end }}
{{- end }}
