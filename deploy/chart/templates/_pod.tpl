{{- /* What the pods of all Jobs have in common. */ -}}
{{- define "auditor.pod" -}}
restartPolicy: Never
serviceAccountName: {{ include "auditor.account" . }}
automountServiceAccountToken: {{ not .Values.fleet.targets }}
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
      {{- include "auditor.hardened" . | nindent 6 }}
    volumeMounts:
      - {name: secret, mountPath: /secret, readOnly: true}
      - {name: key, mountPath: /key}
{{- end }}
{{- end -}}

{{- define "auditor.signing" -}}
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
{{- end -}}

{{- define "auditor.env" -}}
- {name: TMPDIR, value: /tmp}
{{- with .Values.storage.region }}
- {name: AWS_REGION, value: {{ . | quote }}}
{{- end }}
{{- with .Values.storage.endpoint }}
- {name: AWS_ENDPOINT_URL, value: {{ . | quote }}}
{{- end }}
{{- if .Values.storage.authority }}
- {name: AWS_CA_BUNDLE, value: /authority/ca.crt}
{{- end }}
{{- if .Values.storage.secret }}
- {name: AWS_SHARED_CREDENTIALS_FILE, value: /storage/credentials}
- {name: AWS_EC2_METADATA_DISABLED, value: "true"}
{{- end }}
{{- end -}}

{{- define "auditor.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if not .Values.storage.url }}
- {name: results, mountPath: /results}
{{- end }}
{{- if .Values.storage.secret }}
- {name: storage, mountPath: /storage, readOnly: true}
{{- end }}
{{- if .Values.storage.authority }}
- {name: authority, mountPath: /authority, readOnly: true}
{{- end }}
{{- if .Values.fleet.targets }}
- {name: fleet, mountPath: /fleet, readOnly: true}
{{- end }}
{{- if .Values.signing.secret }}
- {name: key, mountPath: /key, readOnly: true}
{{- end }}
{{- end -}}

{{- define "auditor.volumes" -}}
- name: tmp
  emptyDir: {}
{{- if not .Values.storage.url }}
- name: results
  persistentVolumeClaim: {claimName: {{ .Values.results.claim | default (printf "%s-results" (include "auditor.name" .)) }}}
{{- end }}
{{- if .Values.storage.secret }}
- name: storage
  secret: {secretName: {{ .Values.storage.secret | quote }}, defaultMode: 0440}
{{- end }}
{{- if .Values.storage.authority }}
- name: authority
  configMap: {name: {{ .Values.storage.authority | quote }}}
{{- end }}
{{- if .Values.fleet.targets }}
- name: fleet
  configMap: {name: {{ include "auditor.name" . }}-fleet}
{{- end }}
{{- if .Values.signing.secret }}
- name: secret
  secret: {secretName: {{ .Values.signing.secret | quote }}, defaultMode: 0440}
- name: key
  emptyDir: {medium: Memory, sizeLimit: 1Mi}
{{- end }}
{{- end -}}
