/*
 * What certmend calls its things in a cluster. The group sorts behind cert-manager.io: where both are there, the exact name
 * `certificates` stays cert-manager's (docs/cluster.md).
 */

export const group = 'certmend.io';
export const version = 'v1alpha1';
export const kind = 'NodeCertificate';
export const plural = 'nodecertificates';
export const collection = `/apis/${group}/${version}/${plural}`;

/** Of a Node: `ok`, `due` or `critical`; to select nodes by. */
export const healthLabel = `${group}/certificates`;
/** Of a NodeCertificate: the node that it is on. */
export const nodeLabel = `${group}/node`;
/** Of a Node, as node-problem-detector writes its own. */
export const nodeCondition = 'CertificatesHealthy';

/** In managedFields, and where an Event says who it is from. */
export const manager = 'certmend';
/** Organization of the certificate that certmend shows on a server, a group to the API server. */
export const userGroup = 'certmend';

/** @param nodeName as the cluster knows it */
export function userName(nodeName: string): string {
  return `certmend:${nodeName}`;
}

/**
 * Of a NodeCertificate: a DNS subdomain (RFC 1123), unique in the cluster, since node names are and entry ids are on a node.
 *
 * @param entry id in the layout: `etcd/peer-server-client`
 */
export function objectName(nodeName: string, entry: string): string {
  const clean = entry
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '');
  return `${nodeName}.${clean}`;
}
