{{- /* What the pods of the API and of the workers share. */ -}}
{{- define "tirage.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "tirage.secret" -}}
{{ .Values.existingSecret | default (printf "%s-tirage" .Release.Name) }}
{{- end -}}

{{- define "tirage.storage" -}}
{{ .Values.storage | default (printf "s3://tirage?region=us-east-1&endpoint=http://%s-store:8333&path_style=1" .Release.Name) }}
{{- end -}}

{{- define "tirage.settings" -}}
- name: TIRAGE_PUBLIC_URL
  value: {{ .Values.publicUrl | quote }}
- name: TIRAGE_STORAGE
  value: {{ include "tirage.storage" . | quote }}
- name: TIRAGE_DATABASE_URL
  valueFrom: {secretKeyRef: {name: {{ include "tirage.secret" . }}, key: databaseUrl}}
- name: TIRAGE_DATABASE_OWNER_URL
  valueFrom: {secretKeyRef: {name: {{ include "tirage.secret" . }}, key: databaseOwnerUrl}}
- name: TIRAGE_SECRET
  valueFrom: {secretKeyRef: {name: {{ include "tirage.secret" . }}, key: secret}}
- name: TIRAGE_BOOTSTRAP_KEY
  valueFrom: {secretKeyRef: {name: {{ include "tirage.secret" . }}, key: bootstrapKey, optional: true}}
- name: AWS_ACCESS_KEY_ID
  valueFrom: {secretKeyRef: {name: {{ include "tirage.secret" . }}, key: accessKeyId, optional: true}}
- name: AWS_SECRET_ACCESS_KEY
  valueFrom: {secretKeyRef: {name: {{ include "tirage.secret" . }}, key: secretAccessKey, optional: true}}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "tirage.walls" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "tirage.pod" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}
