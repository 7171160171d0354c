import type { AuthorityEntry, KubeconfigEntry, LeafEntry } from '../layout/entry.ts';
import type { Layout } from '../layout/layout.ts';
import { CertmendError, exitStatus } from '../error.ts';

/**
 * Text of a credential kubeconfig with file references, as the product writes it (products 1.5, 10 step 6): cluster
 * `local`, user `user`, context `Default`. The product re-creates it only together with its certificate, so a missing
 * one is never healed by a start.
 *
 * @throws CertmendError LayoutUnknown when the entry names a leaf or an authority that the layout does not have
 */
export function credentialKubeconfig(layout: Layout, entry: KubeconfigEntry): Buffer {
  const client = layout.entries.find((other): other is LeafEntry => other.kind === 'leaf' && other.id === entry.client);
  const authority = layout.entries.find(
    (other): other is AuthorityEntry => other.kind === 'authority' && other.id === entry.authority,
  );
  if (client === undefined || authority === undefined) {
    throw new CertmendError('LayoutUnknown', `layout ${layout.name} has no client or authority for ${entry.id}`, {
      exit: exitStatus.bug,
    });
  }
  return Buffer.from(
    [
      'apiVersion: v1',
      'clusters:',
      '- cluster:',
      `    server: ${entry.server}`,
      `    certificate-authority: ${authority.certificatePath}`,
      '  name: local',
      'contexts:',
      '- context:',
      '    cluster: local',
      '    namespace: default',
      '    user: user',
      '  name: Default',
      'current-context: Default',
      'kind: Config',
      'preferences: {}',
      'users:',
      '- name: user',
      '  user:',
      `    client-certificate: ${client.certificatePath}`,
      `    client-key: ${client.keyPath}`,
      '',
    ].join('\n'),
  );
}
