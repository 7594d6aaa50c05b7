{{/* Container security: the requirements of Pod Security "restricted". */}}
{{- define "tocsin.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "tocsin.probes" -}}
{{- $scheme := upper (include "tocsin.scheme" .) -}}
# Alive is not ready: a pod that still counts a long backlog is not ready, but must not be killed for it.
startupProbe:
  httpGet: {path: /-/healthy, port: admin, scheme: {{ $scheme }}}
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
{{- with $values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - {name: admin, containerPort: 9877}
  - {name: ingest, containerPort: 9878}
{{ include "tocsin.probes" $root }}
lifecycle:
  preStop:
    exec:
      command:
        - tocsin
        - drain
        - --url={{ include "tocsin.scheme" $root }}://127.0.0.1:9877/metrics
        {{- if eq $component "guard" }}
        # Until Services no longer route to the pod; requests until then are still answered.
        - --at-least=5
        {{- else }}
        # Until Services no longer route to the pod, its spool is counted, and that has been scraped.
        - --at-least={{ $values.drain.seconds }}
        {{- end }}
        - --at-most={{ $values.drain.atMostSeconds }}
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

{{/* Volumes of every pod, except `data`. */}}
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
  {{- with $values.auth.token }}
  checksum/token: {{ . | sha256sum }}
  {{- end }}
  {{- if and $values.scrapeAnnotations (not $values.serviceMonitor.enabled) (not $values.podMonitor.enabled) }}
  prometheus.io/scrape: "true"
  prometheus.io/port: "9877"
  prometheus.io/scheme: {{ include "tocsin.scheme" $root }}
  {{- end }}
  {{- with $values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Pod settings shared by all workloads. Call with (list . component). */}}
{{- define "tocsin.podSettings" -}}
{{- $component := index . 1 -}}
{{- with index . 0 -}}
serviceAccountName: {{ include "tocsin.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- if le (float64 .Values.terminationGracePeriodSeconds) (float64 .Values.drain.atMostSeconds) }}
{{- fail "terminationGracePeriodSeconds must be above drain.atMostSeconds by 10 or more, else a pod is killed while its spool is counted" }}
{{- end }}
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
{{- if .Values.affinity }}
affinity:
  {{- toYaml .Values.affinity | nindent 2 }}
{{- else if or (ne .Values.mode "tail") (eq $component "guard") }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "tocsin.selectorLabels" (list . $component) | nindent 14 }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  {{- $own := dict "labelSelector" (dict "matchLabels" (include "tocsin.selectorLabels" $ | fromYaml)) }}
  {{- toYaml (list (merge (deepCopy .) (ternary dict $own (hasKey . "labelSelector")))) | nindent 2 }}
  {{- end }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end -}}
{{- end -}}

{{/*
Pod security: the requirements of Pod Security "restricted", except root if `tail.runAsUser` says so. Volumes of the node
are not changed: fsGroup is for the mounted token. A null in the values removes a key. Call with (list . component).
*/}}
{{- define "tocsin.podSecurityContext" -}}
{{- $values := (index . 0).Values -}}
{{- $tails := and (eq $values.mode "tail") (eq (index . 1) "exporter") -}}
{{- $user := ternary $values.tail.runAsUser 65532 $tails | int -}}
{{- $group := ternary $values.tail.runAsGroup 65532 $tails | int -}}
{{- $context := dict "runAsNonRoot" (ne $user 0) "runAsUser" $user "runAsGroup" $group "fsGroup" $group "fsGroupChangePolicy" "OnRootMismatch" "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- range $key, $value := mergeOverwrite $context $values.podSecurityContext -}}
{{- if kindIs "invalid" $value }}{{ $_ := unset $context $key }}{{ end -}}
{{- end -}}
{{- toYaml $context -}}
{{- end -}}

{{/* Mode sidecar: the container and volumes to add to a gateway's pod, as `containers` and `volumes`. */}}
{{- define "tocsin.sidecar" -}}
containers:
  - name: tocsin
    image: {{ include "tocsin.image" . | quote }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    args:
      - run
      - --config.file=/etc/tocsin/tocsin.yml
      - --tail=/var/log/gateway/*.jsonl
      - --storage.path=/var/log/gateway/.tocsin
      - --web.listen-address=0.0.0.0:9877
      {{- if .Values.tls.existingSecret }}
      - --web.config.file=/etc/tocsin/web.yml
      {{- end }}
      - --log.level={{ .Values.logLevel }}
      - --log.format=json
      {{- with .Values.extraArgs }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- with .Values.extraEnv }}
    env:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .Values.extraEnvFrom }}
    envFrom:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    ports:
      - {name: admin, containerPort: 9877}
    {{- include "tocsin.probes" . | nindent 4 }}
    resources:
      {{- toYaml .Values.resources | nindent 6 }}
    securityContext:
      runAsNonRoot: true
      runAsUser: 65532
      {{- include "tocsin.containerSecurityContext" . | nindent 6 }}
      seccompProfile: {type: RuntimeDefault}
    volumeMounts:
      - {name: gateway-logs, mountPath: /var/log/gateway}
      - {name: tocsin-config, mountPath: /etc/tocsin, readOnly: true}
      - {name: tocsin-secret, mountPath: /run/secrets/tocsin, readOnly: true}
      - {name: tocsin-tmp, mountPath: /tmp}
      {{- if .Values.tls.existingSecret }}
      - {name: tocsin-tls, mountPath: /run/secrets/tls, readOnly: true}
      {{- end }}
      {{- with .Values.extraVolumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - {name: gateway-logs, emptyDir: {}}
  - {name: tocsin-config, configMap: {name: {{ include "tocsin.fullname" . }}}}
  - {name: tocsin-secret, secret: {secretName: {{ include "tocsin.secretName" . }}}}
  - {name: tocsin-tmp, emptyDir: {}}
  {{- with .Values.tls.existingSecret }}
  - {name: tocsin-tls, secret: {secretName: {{ . | quote }}}}
  {{- end }}
  {{- with .Values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
