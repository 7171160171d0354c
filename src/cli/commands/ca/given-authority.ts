import { readTyped } from '../../../composition-tools.ts';
import { CertmendError, exitStatus } from '../../../error.ts';
import type { GivenAuthority } from '../../../plan/authority-rotation.ts';
import { parseCertificates } from '../../../x509/certificate.ts';
import { parseFirstPrivateKey } from '../../../x509/private-key.ts';

export interface GivenFiles {
  readonly rootCert: string | undefined;
  readonly rootKey: string | undefined;
  readonly intermediateCert: string | undefined;
  readonly intermediateKey: string | undefined;
}

/**
 * What a person brought as PEM files, read; whether it will do is for the plan to say.
 *
 * @throws CertmendError Usage (exit 64) naming the file
 */
export function givenAuthority(files: GivenFiles): GivenAuthority | undefined {
  const { rootCert, rootKey, intermediateCert, intermediateKey } = files;
  const isRoot = rootCert !== undefined || rootKey !== undefined;
  const isIntermediate = intermediateCert !== undefined || intermediateKey !== undefined;
  if (!isRoot && !isIntermediate) return undefined;
  if (isRoot && isIntermediate) throw usage('a root and an intermediate were given: one of them signs', undefined);
  const kind = isRoot ? 'root' : 'intermediate';
  const [certificatePath, keyPath] = isRoot ? [rootCert, rootKey] : [intermediateCert, intermediateKey];
  if (certificatePath === undefined || keyPath === undefined)
    throw usage(`--${kind}-cert and --${kind}-key belong together`, undefined);
  const certificates = parseCertificates(readTyped(certificatePath));
  if (!certificates.ok) throw usage(`${certificatePath} ${certificates.problems.join(', ')}`, 'it must be PEM');
  const key = parseFirstPrivateKey(readTyped(keyPath));
  if (!key.ok) throw usage(`${keyPath} ${key.problems.join(', ')}`, 'it must be a PEM key without a passphrase');
  const [certificate, ...above] = certificates.value;
  if (certificate === undefined) throw usage(`${certificatePath} holds no certificate`, undefined);
  const isSelfSigned = certificate.issuerDer.equals(certificate.subjectDer);
  if (isRoot !== isSelfSigned) {
    throw usage(
      `${certificatePath} begins with ${certificate.commonName}, which ${isSelfSigned ? 'is a root' : 'is no root: another one signed it'}`,
      isSelfSigned
        ? 'give it with --root-cert and --root-key'
        : 'give it with --intermediate-cert and --intermediate-key, the root behind it',
    );
  }
  return { pair: { certificate, key: key.value.keyObject }, above };
}

function usage(problem: string, hint: string | undefined): CertmendError {
  return new CertmendError('Usage', `${problem}; nothing was changed`, { exit: exitStatus.usage, hint });
}
