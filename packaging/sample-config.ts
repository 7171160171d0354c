import { documentedKeys, type DocumentedKey } from './documented-keys.ts';
import { wrapLines } from './wrap.ts';

/** What stands behind a key that has no default to show. */
const exampleValues: Readonly<Record<string, string>> = {
  layout: 'rke2-server',
  unit: 'rke2-server.service',
  dataDir: '/var/lib/rancher/rke2',
  'renewal.renewBefore': '120d',
  'renewal.validity': '365d',
  'metrics.textfile': '/var/lib/prometheus/node-exporter/certmend.prom',
  'metrics.listen': '127.0.0.1:9745',
  'notify.exec': '[/usr/local/sbin/tell-the-operator, --quiet]',
};

const header = `## Configuration of certmend; certmend.yaml(5) explains it. certmend needs none: every key is commented out and shows
## its default, or an example where there is none. To set a key, remove the one # before it and before the line of its
## section. Files in config.yaml.d/*.yaml count after this one. Then: systemctl reload certmend
`;

/**
 * /etc/certmend/config.yaml as it is installed: every documented key, commented out.
 *
 * @throws Error for a key that has neither a default nor an example
 */
export function sampleConfig(keys: readonly DocumentedKey[] = documentedKeys()): string {
  let text = header;
  let section = '';
  for (const key of keys) {
    const [first = '', second] = key.name.split('.');
    const prose = wrapLines(key.meaning.replaceAll('`', ''), 110).map((line) => `##   ${line}\n`);
    if (second === undefined) {
      text += `\n${prose.join('').replaceAll('##   ', '## ')}#${first}: ${valueOf(key)}\n`;
    } else {
      text += section === first ? '' : `\n#${first}:\n`;
      text += `${prose.join('')}#  ${second}: ${valueOf(key)}\n`;
    }
    section = first;
  }
  return text;
}

function valueOf({ name, standard }: DocumentedKey): string {
  const value = exampleValues[name] ?? /^`([^`]+)`$/.exec(standard)?.[1];
  if (value === undefined) throw new Error(`${name} has no default: sample-config.ts needs an example for it`);
  return value;
}
