import { group, kind, nodeLabel, plural, userGroup, version } from './names.ts';

type Document = Readonly<Record<string, unknown>>;

const text = { type: 'string' } as const;
const texts = { type: 'array', items: text, 'x-kubernetes-list-type': 'atomic' } as const;
const whole = { type: 'integer', format: 'int64' } as const;

/** A node writes the objects that say of themselves that they are its own, and no others. */
const isOwn = (object: string): string =>
  `${object}.spec.nodeName == variables.node && ${object}.metadata.name.startsWith(variables.node + '.')`;

/**
 * What a cluster needs for `cluster.report: certificates`: the resource, what a reporting node may do with it, and that a
 * node can write its own objects only. In the order in which it can be applied.
 */
export function manifest(): readonly Document[] {
  return [definition(), role(), binding(), policy(), policyBinding()];
}

function definition(): Document {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Cluster',
      // The short name never hides another group's plural: with cert-manager `kubectl get certificates` stays cert-manager's.
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: 'nodecertificate',
        shortNames: ['ncert', 'certificates'],
        categories: ['certmend'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          selectableFields: [
            { jsonPath: '.spec.nodeName' },
            { jsonPath: '.spec.entry' },
            { jsonPath: '.status.status' },
          ],
          additionalPrinterColumns: columns(),
          schema: { openAPIV3Schema: schema() },
        },
      ],
    },
  };
}

function columns(): readonly Document[] {
  const column = (name: string, jsonPath: string, priority = 0): Document => ({
    name,
    // A date in the future would be printed as <invalid>.
    type: 'string',
    jsonPath,
    ...(priority === 0 ? {} : { priority }),
  });
  return [
    column('Node', '.spec.nodeName'),
    column('Certificate', '.spec.entry'),
    column('Status', '.status.status'),
    column('Expires', '.status.expires'),
    column('In-Use', '.status.conditions[?(@.type=="InUse")].status'),
    column('Reason', '.status.reason'),
    column('Subject', '.status.subject', 1),
    column('Issuer', '.status.issuer', 1),
    column('Path', '.spec.path', 1),
  ];
}

function schema(): Document {
  const condition = {
    type: 'object',
    required: ['type', 'status', 'reason', 'lastTransitionTime'],
    properties: {
      type: text,
      status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
      reason: text,
      message: text,
      lastTransitionTime: { type: 'string', format: 'date-time' },
    },
  };
  return {
    description: 'A certificate on a node, as certmend on that node sees it.',
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: text,
      kind: text,
      metadata: { type: 'object' },
      spec: {
        type: 'object',
        required: ['nodeName', 'entry', 'path', 'role'],
        properties: {
          nodeName: text,
          entry: { type: 'string', description: 'As certmend check names it.' },
          path: text,
          role: { type: 'string', enum: ['leaf', 'authority', 'listener', 'kubeconfig'] },
        },
      },
      status: {
        type: 'object',
        properties: {
          status: { type: 'string', description: 'OK, WARNING, EXPIRED, NOT YET VALID, DAMAGED or MISSING.' },
          reason: { type: 'string', description: 'A reason code of certmend; empty when there is none.' },
          findings: texts,
          subject: text,
          issuer: text,
          serial: text,
          fingerprint256: text,
          notBefore: text,
          notAfter: text,
          expires: { type: 'string', description: 'Its own end, or that of its authority when that comes first.' },
          usages: texts,
          names: texts,
          servedFingerprint256: text,
          generation: whole,
          observedAt: { type: 'string', description: 'When the node saw what is here for the first time.' },
          conditions: {
            type: 'array',
            items: condition,
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['type'],
          },
        },
      },
    },
  };
}

const roleName = 'certmend:node-reporter';
const rbac = 'rbac.authorization.k8s.io';

function role(): Document {
  return {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name: roleName },
    rules: [
      { apiGroups: [group], resources: [plural], verbs: ['list', 'create', 'patch', 'delete'] },
      { apiGroups: [group], resources: [`${plural}/status`], verbs: ['patch'] },
    ],
  };
}

/** Servers come with a certificate of certmend's own, agents with their kubelet's. */
function binding(): Document {
  return {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: roleName },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: roleName },
    subjects: [userGroup, 'system:nodes'].map((name) => ({ kind: 'Group', apiGroup: rbac, name })),
  };
}

const policyName = 'certmend-node-writes-its-own';

function policy(): Document {
  const user = 'request.userInfo.username';
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: policyName },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [group],
            apiVersions: ['*'],
            operations: ['CREATE', 'UPDATE', 'DELETE'],
            resources: [plural, `${plural}/status`],
          },
        ],
      },
      // People and the garbage collector are bound by RBAC alone.
      matchConditions: [
        {
          name: 'a-node',
          expression: `request.userInfo.groups.exists(g, g == 'system:nodes' || g == '${userGroup}')`,
        },
      ],
      variables: [
        {
          name: 'node',
          expression: `${user}.startsWith('system:node:') ? ${user}.substring(12) : (${user}.startsWith('${userGroup}:') ? ${user}.substring(${String(userGroup.length + 1)}) : '')`,
        },
      ],
      validations: [
        { expression: "variables.node != ''", message: 'a node says who it is by its user name' },
        {
          expression: `object == null || (${isOwn('object')})`,
          message: 'a node writes NodeCertificates of its own only',
        },
        {
          expression: `oldObject == null || (${isOwn('oldObject')})`,
          message: "another node's NodeCertificate is not this node's to change",
        },
        {
          expression: `object == null || !has(object.metadata.labels) || !('${nodeLabel}' in object.metadata.labels) || object.metadata.labels['${nodeLabel}'] == variables.node`,
          message: `the label ${nodeLabel} is the name of the node`,
        },
        {
          expression:
            "object == null || !has(object.metadata.ownerReferences) || object.metadata.ownerReferences.all(o, o.kind == 'Node' && o.name == variables.node)",
          message: 'the Node is the only owner',
        },
      ],
    },
  };
}

function policyBinding(): Document {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: policyName },
    spec: { policyName, validationActions: ['Deny'] },
  };
}
