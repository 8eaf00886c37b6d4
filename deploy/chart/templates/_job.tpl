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
    restartPolicy: Never
    serviceAccountName: {{ include "auditor.account" . }}
    automountServiceAccountToken: {{ not $fleet }}
    enableServiceLinks: false
    securityContext:
      runAsNonRoot: true
      runAsUser: 65532
      runAsGroup: 65532
      fsGroup: 65532
      fsGroupChangePolicy: OnRootMismatch
      seccompProfile: {type: RuntimeDefault}
    {{- with .Values.image.pullSecrets }}
    imagePullSecrets:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .Values.nodeSelector }}
    nodeSelector:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .Values.tolerations }}
    tolerations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- if .Values.signing.secret }}
    initContainers:
      # A Secret's files can be read by a group, and such a key is refused: this copy is its owner's alone.
      - name: key
        image: {{ include "auditor.image" . }}
        imagePullPolicy: {{ .Values.image.pullPolicy }}
        command:
          - python
          - -c
          - |
            import os, pathlib
            os.umask(0o077)
            for file in pathlib.Path("/secret").iterdir():
                if file.is_file():
                    pathlib.Path("/key", file.name).write_bytes(file.read_bytes())
        resources:
          requests: {cpu: 10m, memory: 32Mi, ephemeral-storage: 1Mi}
          limits: {memory: 64Mi, ephemeral-storage: 16Mi}
        securityContext:
          {{- include "auditor.hardened" . | nindent 10 }}
        volumeMounts:
          - {name: secret, mountPath: /secret, readOnly: true}
          - {name: key, mountPath: /key}
    {{- end }}
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
          - /results/$(RUN)-$(PART).zip
          {{- else }}
          - {{ printf "k8s+incluster://%s" .Values.cluster | quote }}
          - --output
          - /results/$(RUN).zip
          {{- end }}
          - --profile
          - {{ .Values.profile | quote }}
          - --workers
          - {{ .Values.workers | quote }}
          - --quiet
          - --no-cache
          {{- if .Values.signing.secret }}
          - --key
          - /key/key
          {{- if .Values.signing.passphrase }}
          - --passphrase-file
          - /key/passphrase
          {{- end }}
          {{- else }}
          - --no-sign
          {{- end }}
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
          - {name: TMPDIR, value: /tmp}
        resources:
          {{- toYaml .Values.resources | nindent 10 }}
        securityContext:
          {{- include "auditor.hardened" . | nindent 10 }}
        volumeMounts:
          - {name: tmp, mountPath: /tmp}
          - {name: results, mountPath: /results}
          {{- if $fleet }}
          - {name: fleet, mountPath: /fleet, readOnly: true}
          {{- end }}
          {{- if .Values.fleet.credentials }}
          - {name: credentials, mountPath: /credentials, readOnly: true}
          {{- end }}
          {{- if .Values.signing.secret }}
          - {name: key, mountPath: /key, readOnly: true}
          {{- end }}
    volumes:
      - name: tmp
        emptyDir: {}
      - name: results
        persistentVolumeClaim: {claimName: {{ .Values.results.claim | default (printf "%s-results" (include "auditor.name" .)) }}}
      {{- if $fleet }}
      - name: fleet
        configMap: {name: {{ include "auditor.name" . }}-fleet}
      {{- end }}
      {{- if .Values.fleet.credentials }}
      - name: credentials
        secret: {secretName: {{ .Values.fleet.credentials | quote }}, defaultMode: 0440}
      {{- end }}
      {{- if .Values.signing.secret }}
      - name: secret
        secret: {secretName: {{ .Values.signing.secret | quote }}, defaultMode: 0440}
      - name: key
        emptyDir: {medium: Memory, sizeLimit: 1Mi}
      {{- end }}
{{- end -}}
