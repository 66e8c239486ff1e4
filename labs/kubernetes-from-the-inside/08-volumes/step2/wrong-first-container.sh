#!/bin/bash
# The first container alone.
set -e
kubectl apply -f - <<'YAML'
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: shared}
spec:
  reinvocationPolicy: Never
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: workshop}}
    objectSelector: {matchLabels: {preset: shared}}
    resourceRules:
      - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  mutations:
    - patchType: ApplyConfiguration
      applyConfiguration:
        expression: >
          Object{spec: Object.spec{
            volumes: [Object.spec.volumes{name: "shared",
              hostPath: Object.spec.volumes.hostPath{path: "/srv/shared", type: "DirectoryOrCreate"}}],
            containers: [Object.spec.containers{
              name: object.spec.containers[0].name,
              volumeMounts: [
                Object.spec.containers.volumeMounts{name: "shared", mountPath: "/data"},
                Object.spec.containers.volumeMounts{name: "shared", mountPath: "/mirror"}]}]}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: shared}
spec: {policyName: shared}
YAML
