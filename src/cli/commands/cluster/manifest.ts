import { manifest } from '../../../cluster/manifest.ts';
import { exitStatus, type ExitStatus } from '../../../error.ts';
import { renderDocument } from '../../../terminal/render.ts';
import type { Arguments } from '../../command.ts';
import type { Io } from '../../io.ts';

/** As kubectl takes it: YAML documents, or one JSON list. Nothing of this node is in it. */
export function run({ output }: Arguments, io: Io): Promise<ExitStatus> {
  const documents = manifest();
  io.stdout.write(
    output === 'json'
      ? renderDocument({ apiVersion: 'v1', kind: 'List', items: documents }, 'json')
      : documents.map((document) => renderDocument(document, 'yaml')).join('---\n'),
  );
  return Promise.resolve(exitStatus.ok);
}
