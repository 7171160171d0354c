import { createHash } from 'node:crypto';
import { connect } from 'node:tls';

/*
 * served-program.ts PORT...: prints {"PORT": "SHA-256 of the leaf that is served on 127.0.0.1"}, without those where nobody
 * answers. A server that wants a client's certificate shows its own before.
 */
const found = await Promise.all(process.argv.slice(2).map(async (port) => [port, await leafOn(Number(port))] as const));
process.stdout.write(JSON.stringify(Object.fromEntries(found)));

async function leafOn(port: number): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, timeout: 5000 });
    socket.once('secureConnect', () => {
      resolve(createHash('sha256').update(socket.getPeerCertificate().raw).digest('hex'));
      socket.destroy();
    });
    socket.once('error', () => {
      resolve(undefined);
    });
    socket.once('timeout', () => {
      resolve(undefined);
      socket.destroy();
    });
  });
}
