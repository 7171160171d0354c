// Stands in for the product's supervisor (products 6.1), run by the runtime of the installed package: signs the public key
// of a request for whoever shows the kubelet's pair, and for the node's own names wants the node's name and password; and is
// the API server's way to the kubelets (HTTP CONNECT, as the product's egress selector says).
import { Buffer } from 'node:buffer';
import { X509Certificate } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import process from 'node:process';
import { URL } from 'node:url';

const tls = '/var/lib/rancher/rke2/server/tls';
const [cert = '', key = ''] = process.argv.slice(2).map((path) => readFileSync(path));
const leaves = {
  'client-kubelet': { ca: 'client-ca', usage: 'clientAuth', names: true },
  'serving-kubelet': { ca: 'server-ca', usage: 'serverAuth', names: true },
  'client-kube-proxy': { ca: 'client-ca', usage: 'clientAuth', subject: '/CN=system:kube-proxy' },
  'client-rke2-controller': { ca: 'client-ca', usage: 'clientAuth', subject: '/CN=system:rke2-controller' },
};

function sign({ ca, usage, subject }, request, names) {
  const directory = mkdtempSync('/run/rke2/sign-');
  try {
    const at = (name) => `${directory}/${name}`;
    writeFileSync(at('csr'), request);
    const alternative = names === undefined ? [] : [`subjectAltName=${names}`];
    const lines = [
      'authorityKeyIdentifier=keyid',
      `extendedKeyUsage=${usage}`,
      'keyUsage=critical,digitalSignature,keyEncipherment',
    ];
    writeFileSync(
      at('cnf'),
      [
        '[ca]',
        'default_ca=a',
        '[a]',
        `database=${at('index')}`,
        `new_certs_dir=${directory}`,
        'rand_serial=yes',
        'policy=p',
        'default_md=sha256',
        'default_days=365',
        'x509_extensions=e',
        'preserve=yes',
        '[p]',
        'commonName=optional',
        'organizationName=optional',
        '[e]',
        ...lines,
        ...alternative,
        '',
      ].join('\n'),
    );
    writeFileSync(at('index'), '');
    writeFileSync(
      at('pem'),
      execFileSync('openssl', ['req', '-inform', 'DER', '-in', at('csr'), '-verify'], { stdio: 'pipe' }),
    );
    // From the beginning of its authority on, as the product did it until late 2025.
    const { validFrom } = new X509Certificate(readFileSync(`${tls}/${ca}.crt`));
    const from = `${new Date(validFrom).toISOString().replaceAll(/[-:T]|\.\d+Z$/g, '')}Z`;
    const line = [
      'ca',
      '-startdate',
      from,
      '-batch',
      '-notext',
      '-config',
      at('cnf'),
      '-subj',
      subject,
      '-in',
      at('pem'),
    ];
    const authority = ['-cert', `${tls}/${ca}.crt`, '-keyfile', `${tls}/${ca}.key`];
    const leaf = execFileSync('openssl', [...line, ...authority], { stdio: 'pipe' });
    return Buffer.concat([leaf, readFileSync(`${tls}/${ca}.crt`)]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function answer(request, body) {
  const { method, url, headers, socket } = request;
  const name = /^\/v1-rke2\/(.*)\.crt$/.exec(url)?.[1];
  if (method !== 'POST' || name === undefined) return [200, 'pong'];
  const leaf = leaves[name];
  if (leaf === undefined) return [404];
  const { CN: user, O: group } = socket.getPeerCertificate().subject ?? {};
  if (!socket.authorized || group !== 'system:nodes') return [401];
  if (leaf.names === undefined) return [200, sign(leaf, body)];
  const { 'rke2-node-name': node, 'rke2-node-password': password, 'rke2-node-ip': addresses = '' } = headers;
  if (user !== `system:node:${node}`) return [400];
  if (password !== readFileSync('/etc/rancher/node/password', 'utf8').trim()) return [403];
  if (name === 'client-kubelet')
    return [200, sign({ ...leaf, subject: `/O=system:nodes/CN=system:node:${node}` }, body)];
  const addressed = ['127.0.0.1', ...addresses.split(',').filter((one) => one !== '')].map((one) => `IP:${one}`);
  return [
    200,
    sign({ ...leaf, subject: `/CN=${node}` }, body, [`DNS:${node}`, 'DNS:localhost', ...addressed].join(',')),
  ];
}

const server = createServer(
  { cert, key, ca: readFileSync(`${tls}/client-ca.crt`), requestCert: true, rejectUnauthorized: false },
  (request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const [status, body] = answer(request, Buffer.concat(parts));
      process.stdout.write(`${request.method} ${request.url} ${status}\n`);
      response.writeHead(status).end(body);
    });
  },
);
server.on('connect', ({ url, socket: { authorized } }, socket, head) => {
  socket.on('error', () => undefined);
  if (!authorized) {
    socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
    return;
  }
  const { hostname, port } = new URL(`https://${url}`);
  const there = connect(Number(port), hostname, () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    there.write(head);
    there.pipe(socket).pipe(there);
  });
  there.on('error', () => socket.destroy());
  socket.on('close', () => there.destroy());
});
server.listen(9345, '127.0.0.1');
