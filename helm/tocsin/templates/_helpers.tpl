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

{{/* commonLabels, and `release` if releaseLabel is set. */}}
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

{{/* The token: the given one, that of an earlier install, or a new one. */}}
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
