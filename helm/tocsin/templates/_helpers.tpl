{{- define "tocsin.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "tocsin.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "tocsin.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tocsin.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{/* Labels that selectors use: they never change over the life of a release. Call with (list . "exporter"). */}}
{{- define "tocsin.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "tocsin.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Labels of a resource. Call with (list . "exporter"). */}}
{{- define "tocsin.labels" -}}
{{- $root := index . 0 -}}
{{ include "tocsin.selectorLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: tocsin
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with include "tocsin.sharedLabels" $root }}
{{ . }}
{{- end }}
{{- end -}}

{{/* commonLabels, and `release` where releaseLabel asks for it. */}}
{{- define "tocsin.sharedLabels" -}}
{{- $labels := dict -}}
{{- if kindIs "string" .Values.releaseLabel -}}
{{- $_ := set $labels "release" .Values.releaseLabel -}}
{{- else if .Values.releaseLabel -}}
{{- $_ := set $labels "release" .Release.Name -}}
{{- end -}}
{{- $labels = mergeOverwrite $labels .Values.commonLabels -}}
{{- if $labels }}{{ toYaml $labels }}{{ end -}}
{{- end -}}

{{- define "tocsin.image" -}}
{{- $name := .Values.image.repository -}}
{{- if .Values.image.registry }}{{ $name = printf "%s/%s" .Values.image.registry $name }}{{ end -}}
{{- if .Values.image.digest -}}
{{ printf "%s@%s" $name .Values.image.digest }}
{{- else -}}
{{ printf "%s:%s" $name (default .Chart.AppVersion .Values.image.tag) }}
{{- end -}}
{{- end -}}

{{- define "tocsin.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "tocsin.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "tocsin.secretName" -}}
{{- default (include "tocsin.fullname" .) .Values.existingSecret -}}
{{- end -}}

{{/* The token: given, or the one of an earlier install, or a new one. */}}
{{- define "tocsin.token" -}}
{{- if .Values.auth.token -}}
{{- .Values.auth.token -}}
{{- else -}}
{{- $old := lookup "v1" "Secret" (include "tocsin.namespace" .) (include "tocsin.fullname" .) -}}
{{- if and $old (hasKey (default dict $old.data) "token") -}}
{{- index $old.data "token" | b64dec -}}
{{- else -}}
{{- randAlphaNum 40 -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The exporter's configuration: the user's, with the chart's listeners, storage, token and hash key where it is silent. */}}
{{- define "tocsin.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $ingest := default dict $config.ingest -}}
{{- if not (hasKey $ingest "listen_address") -}}
{{- $_ := set $ingest "listen_address" "0.0.0.0:9878" -}}
{{- end -}}
{{- if not $ingest.auth -}}
{{- $_ := set $ingest "auth" (list (dict "scheme" "bearer" "secret_file" "/run/secrets/tocsin/token")) -}}
{{- end -}}
{{- $_ := set $config "ingest" $ingest -}}
{{- $consumers := default dict $config.consumers -}}
{{- if not $consumers.hash_key_file -}}
{{- $_ := set $consumers "hash_key_file" "/run/secrets/tocsin/token" -}}
{{- end -}}
{{- $_ := set $config "consumers" $consumers -}}
{{- if and (eq .Values.mode "tail") (not (dig "inputs" "files" false $config)) -}}
{{- $files := list (dict "paths" .Values.tail.paths "format" .Values.tail.format) -}}
{{- $_ := set $config "inputs" (dict "files" $files) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- define "tocsin.seriesMax" -}}
{{- dig "series" "max" 20000 .Values.config | int -}}
{{- end -}}

{{/* Half as much again as the exporter's own bound on its series: its self metrics must fit too. */}}
{{- define "tocsin.sampleLimit" -}}
{{- div (mul 3 (include "tocsin.seriesMax" . | int)) 2 -}}
{{- end -}}

{{- define "tocsin.scheme" -}}
{{- if .Values.tls.existingSecret }}https{{ else }}http{{ end -}}
{{- end -}}

{{/* Container security: what Pod Security "restricted" asks for. */}}
{{- define "tocsin.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "tocsin.probes" -}}
{{- $scheme := upper (include "tocsin.scheme" .) -}}
startupProbe:
  httpGet: {path: /-/ready, port: admin, scheme: {{ $scheme }}}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /-/healthy, port: admin, scheme: {{ $scheme }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /-/ready, port: admin, scheme: {{ $scheme }}}
  periodSeconds: 5
  timeoutSeconds: 3
{{- end -}}

{{/* The exporter's container. Call with (list . "exporter" or "guard"). */}}
{{- define "tocsin.container" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $values := $root.Values -}}
name: tocsin
image: {{ include "tocsin.image" $root | quote }}
imagePullPolicy: {{ $values.image.pullPolicy }}
args:
  - run
  - --config.file=/etc/tocsin/tocsin.yml
  - --storage.path=/var/lib/tocsin
  - --web.listen-address=0.0.0.0:9877
  {{- if $values.tls.existingSecret }}
  - --web.config.file=/etc/tocsin/web.yml
  {{- end }}
  - --log.level={{ $values.logLevel }}
  - --log.format=json
  {{- if eq $component "guard" }}
  - --guard-only
  {{- end }}
  {{- with $values.extraArgs }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - {name: admin, containerPort: 9877}
  - {name: ingest, containerPort: 9878}
{{ include "tocsin.probes" $root }}
lifecycle:
  preStop:
    # Endpoints take a moment to forget a pod; what comes until then is still taken and spooled.
    exec: {command: [python3, -c, "import time; time.sleep(5)"]}
resources:
  {{- toYaml (ternary $values.guard.resources $values.resources (eq $component "guard")) | nindent 2 }}
securityContext:
  {{- include "tocsin.containerSecurityContext" $root | nindent 2 }}
volumeMounts:
  - {name: config, mountPath: /etc/tocsin, readOnly: true}
  - {name: secret, mountPath: /run/secrets/tocsin, readOnly: true}
  - {name: tmp, mountPath: /tmp}
  - {name: data, mountPath: /var/lib/tocsin}
  {{- if $values.tls.existingSecret }}
  - {name: tls, mountPath: /run/secrets/tls, readOnly: true}
  {{- end }}
  {{- if and (eq $values.mode "tail") (eq $component "exporter") }}
  - {name: logs, mountPath: {{ $values.tail.hostPath | quote }}, readOnly: true}
  {{- range $index, $path := $values.tail.extraHostPaths }}
  - {name: logs-{{ $index }}, mountPath: {{ $path | quote }}, readOnly: true}
  {{- end }}
  {{- end }}
  {{- with $values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Volumes that every pod of ours has, but for `data`. */}}
{{- define "tocsin.volumes" -}}
- name: config
  configMap: {name: {{ include "tocsin.fullname" . }}}
- name: secret
  secret: {secretName: {{ include "tocsin.secretName" . }}, defaultMode: 0440}
- name: tmp
  emptyDir: {}
{{- with .Values.tls.existingSecret }}
- name: tls
  secret: {secretName: {{ . | quote }}, defaultMode: 0440}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Pod metadata shared by all workloads. Call with (list . component). */}}
{{- define "tocsin.podMetadata" -}}
{{- $root := index . 0 -}}
{{- $values := $root.Values -}}
labels:
  {{- include "tocsin.selectorLabels" . | nindent 2 }}
  {{- with include "tocsin.sharedLabels" $root }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with $values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  checksum/config: {{ include "tocsin.config" $root | sha256sum }}
  {{- if and $values.scrapeAnnotations (not $values.serviceMonitor.enabled) (not $values.podMonitor.enabled) }}
  prometheus.io/scrape: "true"
  prometheus.io/port: "9877"
  prometheus.io/scheme: {{ include "tocsin.scheme" $root }}
  {{- end }}
  {{- with $values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Pod settings shared by all workloads. */}}
{{- define "tocsin.podSettings" -}}
serviceAccountName: {{ include "tocsin.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- define "tocsin.podSecurityContext" -}}
{{- $context := dict "runAsNonRoot" true "runAsUser" 65532 "runAsGroup" 65532 "fsGroup" 65532 "fsGroupChangePolicy" "OnRootMismatch" "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- toYaml (mergeOverwrite $context .Values.podSecurityContext) -}}
{{- end -}}

{{/*
A compiled rule file with this release's thresholds, shadowed categories and namespace.
Call with (list . "files/alerts.yaml"). Returns YAML with `groups`.
*/}}
{{- define "tocsin.rules" -}}
{{- $root := index . 0 -}}
{{- $text := $root.Files.Get (index . 1) -}}
{{- range $category, $keys := $root.Values.thresholds -}}
{{- range $key, $value := $keys -}}
{{- $number := ternary "Inf" (printf "%v" $value) (kindIs "invalid" $value) -}}
{{- $text = $text | replace (printf "@@%s.%s@@" $category $key) $number -}}
{{- end -}}
{{- end -}}
{{- $rules := fromYaml $text -}}
{{- $namespace := include "tocsin.namespace" $root -}}
{{- range $group := $rules.groups -}}
{{- range $rule := $group.rules -}}
{{- if $rule.alert -}}
{{- $_ := set $rule.labels "namespace" $namespace -}}
{{- if has $rule.labels.category $root.Values.alerts.shadow -}}
{{- $_ := set $rule.labels "shadow" "true" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $rules -}}
{{- end -}}
