{{- /* The spec of the Job, which a CronJob has as its template. */ -}}
{{- define "auditor.job" -}}
{{- $fleet := gt (len .Values.fleet.targets) 0 -}}
{{- if $fleet }}
completionMode: Indexed
completions: {{ include "auditor.parts" . }}
parallelism: {{ min .Values.fleet.parallelism (include "auditor.parts" . | int) }}
backoffLimitPerIndex: {{ .Values.job.backoffLimit }}
maxFailedIndexes: {{ include "auditor.parts" . }}
{{- else }}
backoffLimit: {{ .Values.job.backoffLimit }}
{{- end }}
activeDeadlineSeconds: {{ .Values.job.activeDeadlineSeconds }}
ttlSecondsAfterFinished: {{ .Values.job.ttlSecondsAfterFinished }}
template:
  metadata:
    labels:
      {{- include "auditor.labels" . | nindent 6 }}
  spec:
    {{- include "auditor.pod" . | trim | nindent 4 }}
    containers:
      - name: auditor
        image: {{ include "auditor.image" . }}
        imagePullPolicy: {{ .Values.image.pullPolicy }}
        args:
          - scan
          {{- if $fleet }}
          - --targets
          - /fleet/fleet.yaml
          - --part
          - $(PART)/{{ include "auditor.parts" . }}
          - --output
          - {{ if .Values.storage.url }}{{ .Values.storage.url }}/$(RUN)/part-$(PART).zip{{ else }}/results/$(RUN)-$(PART).zip{{ end }}
          {{- else }}
          - {{ printf "k8s+incluster://%s" .Values.cluster | quote }}
          - --output
          - {{ .Values.storage.url | default "/results" }}/$(RUN).zip
          {{- end }}
          - --profile
          - {{ .Values.profile | quote }}
          - --workers
          - {{ .Values.workers | quote }}
          - --quiet
          - --no-cache
          {{- include "auditor.signing" . | trim | nindent 10 }}
          {{- if not .Values.failJob }}
          - --exit-zero
          {{- end }}
          {{- range .Values.options }}
          - {{ . | quote }}
          {{- end }}
        env:
          - name: RUN
            valueFrom: {fieldRef: {fieldPath: "metadata.labels['batch.kubernetes.io/job-name']"}}
          {{- if $fleet }}
          - name: PART
            valueFrom: {fieldRef: {fieldPath: "metadata.annotations['batch.kubernetes.io/job-completion-index']"}}
          {{- end }}
          {{- include "auditor.env" . | trim | nindent 10 }}
        resources:
          {{- toYaml .Values.resources | nindent 10 }}
        securityContext:
          {{- include "auditor.hardened" . | nindent 10 }}
        volumeMounts:
          {{- include "auditor.mounts" . | trim | nindent 10 }}
          {{- if .Values.fleet.credentials }}
          - {name: credentials, mountPath: /credentials, readOnly: true}
          {{- end }}
    volumes:
      {{- include "auditor.volumes" . | trim | nindent 6 }}
      {{- if .Values.fleet.credentials }}
      - name: credentials
        secret: {secretName: {{ .Values.fleet.credentials | quote }}, defaultMode: 0440}
      {{- end }}
{{- end -}}

{{- /* The spec of the Job that makes one report of the parts of the last run. */ -}}
{{- define "auditor.merge" -}}
backoffLimit: {{ .Values.job.backoffLimit }}
activeDeadlineSeconds: {{ .Values.job.activeDeadlineSeconds }}
ttlSecondsAfterFinished: {{ .Values.job.ttlSecondsAfterFinished }}
template:
  metadata:
    labels:
      {{- include "auditor.labels" . | nindent 6 }}
  spec:
    {{- include "auditor.pod" . | trim | nindent 4 }}
    containers:
      - name: auditor
        image: {{ include "auditor.image" . }}
        imagePullPolicy: {{ .Values.image.pullPolicy }}
        args:
          - merge
          - {{ .Values.storage.url }}/*/part-*.zip
          - --last-run
          - --targets
          - /fleet/fleet.yaml
          {{- if .Values.merge.partsKey }}
          - --parts-key
          - /key/{{ .Values.merge.partsKey }}
          {{- end }}
          - --output
          - {{ .Values.storage.url }}/$(RUN).zip
          - --workers
          - {{ .Values.workers | quote }}
          - --quiet
          {{- include "auditor.signing" . | trim | nindent 10 }}
          {{- if not .Values.failJob }}
          - --exit-zero
          {{- end }}
        env:
          - name: RUN
            valueFrom: {fieldRef: {fieldPath: "metadata.labels['batch.kubernetes.io/job-name']"}}
          {{- include "auditor.env" . | trim | nindent 10 }}
        resources:
          {{- toYaml .Values.resources | nindent 10 }}
        securityContext:
          {{- include "auditor.hardened" . | nindent 10 }}
        volumeMounts:
          {{- include "auditor.mounts" . | trim | nindent 10 }}
    volumes:
      {{- include "auditor.volumes" . | trim | nindent 6 }}
{{- end -}}
