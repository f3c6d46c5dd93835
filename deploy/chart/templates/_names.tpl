{{- define "windlass.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "windlass.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "windlass.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "windlass.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "windlass.selector" -}}
app.kubernetes.io/name: {{ include "windlass.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "windlass.labels" -}}
{{ include "windlass.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "windlass.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "windlass.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (printf "%s-controller" (include "windlass.fullname" .)) -}}
{{- end -}}

{{- define "windlass.internalTokenSecret" -}}
{{- .Values.internalToken.existingSecret | default (printf "%s-internal" (include "windlass.fullname" .)) -}}
{{- end -}}

{{/* The Secret with the API tokens: one that exists; else one with the token of `admin`, unless the server file knows others. */}}
{{- define "windlass.tokensSecret" -}}
{{- if .Values.tokens -}}
{{- .Values.tokens.existingSecret -}}
{{- else if not (hasKey .Values.server "auth") -}}
{{- include "windlass.fullname" . }}-admin
{{- end -}}
{{- end -}}

{{/* The server file: what the values say, and what follows from the rest of them. */}}
{{- define "windlass.serverFile" -}}
{{- $server := deepCopy .Values.server -}}
{{- if not (hasKey $server "runner") -}}
{{-   $_ := set $server "runner" "kubernetes" -}}
{{- end -}}
{{- if not (hasKey $server "repositories") -}}
{{-   $_ := set $server "repositories" list -}}
{{- end -}}
{{- if hasKey (get $server "kubernetes" | default dict) "namespaces" -}}
{{-   fail "server.kubernetes.namespaces: they follow from tenants, as the rights of the controller do" -}}
{{- end -}}
{{- with .Values.tenants -}}
{{-   $namespaces := list -}}
{{-   range . -}}
{{-     $namespaces = append $namespaces .namespace -}}
{{-   end -}}
{{-   $_ := set $server "kubernetes" (merge (dict "namespaces" $namespaces) (get $server "kubernetes" | default dict)) -}}
{{- end -}}
{{- if include "windlass.tokensSecret" . -}}
{{-   $held := list -}}
{{-   range .Values.tokens.holders | default (list (dict "name" "admin")) -}}
{{-     $held = append $held (dict "name" .name "groups" (.groups | default list) "file" (printf "/run/secrets/windlass-tokens/%s" (.key | default .name))) -}}
{{-   end -}}
{{-   $auth := get $server "auth" | default dict -}}
{{-   $_ := set $server "auth" (merge (dict "tokens" (concat $held ($auth.tokens | default list))) $auth) -}}
{{- end -}}
{{- toYaml $server -}}
{{- end -}}

{{/* What every container of Windlass has: no root, nothing written but the volumes. */}}
{{- define "windlass.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "windlass.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* Environment that controller and web share. */}}
{{- define "windlass.environment" -}}
- name: WINDLASS_CONFIG
  value: /etc/windlass/windlass-server.yaml
- name: WINDLASS_DATA
  value: /var/lib/windlass
- name: HOME
  value: /tmp
- name: WINDLASS_IMAGE # brings files into the Pods of steps
  value: {{ include "windlass.image" . | quote }}
- name: WINDLASS_INTERNAL_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ include "windlass.internalTokenSecret" . }}
      key: {{ .Values.internalToken.key }}
{{- with .Values.database.existingSecret }}
- name: WINDLASS_DATABASE
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: {{ $.Values.database.key }}
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "windlass.mounts" -}}
- name: config
  mountPath: /etc/windlass
  readOnly: true
- name: data
  mountPath: /var/lib/windlass
- name: tmp
  mountPath: /tmp
{{- if include "windlass.tokensSecret" . }}
- name: tokens
  mountPath: /run/secrets/windlass-tokens
  readOnly: true
{{- end }}
{{- range .Values.secretFiles }}
- name: secret-{{ .name }}
  mountPath: /run/secrets/{{ .name }}
  readOnly: true
{{- end }}
{{- end -}}

{{- define "windlass.volumes" -}}
- name: config
  configMap:
    name: {{ include "windlass.fullname" . }}
- name: tmp
  emptyDir: {}
{{- with include "windlass.tokensSecret" . }}
- name: tokens
  secret:
    secretName: {{ . }}
{{- end }}
{{- range .Values.secretFiles }}
- name: secret-{{ .name }}
  secret:
    secretName: {{ .name }}
{{- end }}
{{- end -}}

{{/* What serves the API: replicas of web, or, without a database, the one process that does everything. */}}
{{- define "windlass.door" -}}
{{- empty .Values.database.existingSecret | ternary "controller" "web" -}}
{{- end -}}
