import { leafExtensions, subjectOf } from '../test/fixtures/write-tree.ts';
import type { Tree } from '../test/fixtures/tree.ts';

/**
 * What a person would run instead: a shell script that issues the same leaves with the openssl CLI, and does nothing
 * else. No proof, no commit, no way back.
 * @param commands `three` for key, request and certificate of each leaf, as instructions go; `one` for the least that
 * OpenSSL 3 can do it with
 */
export function opensslScript(tree: Tree, directory: string, commands: 'three' | 'one'): string {
  const leaves = tree.leaves.filter(({ reissuedAtStart }) => !reissuedAtStart);
  return ['set -e', `cd ${directory}`, ...leaves.flatMap(issue), ''].join('\n');

  function issue(leaf: Tree['leaves'][number], index: number): string[] {
    const authority = tree.authority(leaf.issuer);
    const signer = `-CA ${tree.host(authority.certificatePath)} -CAkey ${tree.host(authority.keyPath)} -days 365`;
    const extensions = leafExtensions(leaf).filter((line) => !line.startsWith('subjectKeyIdentifier'));
    const added = extensions.map((line) => `-addext ${line}`).join(' ');
    const subject = `-subj ${subjectOf(leaf)}`;
    return commands === 'three'
      ? [
          `openssl ecparam -name prime256v1 -genkey -noout -out ${index}.key`,
          `openssl req -new -config /dev/null -key ${index}.key ${subject} ${added} -out ${index}.csr`,
          `openssl x509 -req -in ${index}.csr -copy_extensions copyall ${signer} -out ${index}.crt`,
        ]
      : [
          `openssl req -x509 -config /dev/null -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout ${index}.key ${subject} ${added} ${signer} -out ${index}.crt`,
        ];
  }
}
