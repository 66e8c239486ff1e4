#!/bin/bash
set -e
kubectl delete mutatingadmissionpolicybindings,mutatingadmissionpolicies --all
kubectl apply -f - <<'YAML'
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: shared}
spec:
  reinvocationPolicy: Never
  failurePolicy: Fail
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
            containers: object.spec.containers.map(c, Object.spec.containers{
              name: c.name,
              volumeMounts: [
                Object.spec.containers.volumeMounts{name: "shared", mountPath: "/data"},
                Object.spec.containers.volumeMounts{name: "shared", mountPath: "/mirror"}]})}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: shared}
spec: {policyName: shared}
YAML
