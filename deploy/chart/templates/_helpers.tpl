{{- define "auditor.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "auditor.labels" -}}
app.kubernetes.io/name: auditor
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "auditor.account" -}}
{{- .Values.serviceAccount.name | default (include "auditor.name" .) -}}
{{- end -}}

{{- define "auditor.image" -}}
{{- $digest := required "image.digest: build deploy/Containerfile, and say the digest of what you pushed" .Values.image.digest -}}
{{ .Values.image.repository }}@{{ $digest }}
{{- end -}}

{{- define "auditor.parts" -}}
{{- $targets := len .Values.fleet.targets -}}
{{- if .Values.fleet.parts }}{{ min .Values.fleet.parts $targets }}{{ else }}{{ $targets }}{{ end -}}
{{- end -}}

{{- define "auditor.hardened" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end -}}
