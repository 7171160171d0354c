import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';

/*
 * ask-kubelet.ts DATA_DIRECTORY ADDRESS: comes to the kubelet as the API server does, on a connection of its own, with what
 * is on the disk now; prints the SHA-256 of the leaf that was served when /healthz is ok. Else it ends with 1 and says why.
 */
const [dataDirectory = '', host = ''] = process.argv.slice(2);
const read = (name: string): Buffer => readFileSync(`${dataDirectory}/server/tls/${name}`);

const asked = request(
  {
    ...{ host, port: 10250, path: '/healthz', agent: false, timeout: 10_000 },
    ...{ cert: read('client-kube-apiserver.crt'), key: read('client-kube-apiserver.key'), ca: read('server-ca.crt') },
  },
  (response) => {
    // A socket that is closed has forgotten its peer.
    const { raw } = (asked.socket as TLSSocket).getPeerCertificate();
    let text = '';
    response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    response.once('end', () => {
      if (response.statusCode !== 200 || text !== 'ok') fail(`${String(response.statusCode)} ${text}`);
      else process.stdout.write(createHash('sha256').update(raw).digest('hex'));
    });
  },
);
asked.once('error', (error) => {
  fail(error.message);
});
asked.once('timeout', () => {
  asked.destroy(new Error('no answer in ten seconds'));
});
asked.end();

function fail(why: string): void {
  process.stderr.write(`${why}\n`);
  process.exitCode = 1;
}
