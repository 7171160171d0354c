import { settings } from '../src/config/settings.ts';
import { wrapLines } from './wrap.ts';

const header = `## Configuration of certmend; certmend.yaml(5) explains it. certmend needs none: every key is commented out and shows
## its default, or an example where there is none. To set a key, remove the one # before it and before the line of its
## section. Files in config.yaml.d/*.yaml override this one. Then: systemctl reload certmend
`;

/** /etc/certmend/config.yaml as it is installed: every key, commented out. */
export function sampleConfig(): string {
  let text = header;
  let section = '';
  for (const [key, { about, example }] of Object.entries(settings)) {
    const [first = '', second] = key.split('.');
    const prose = wrapLines(about.replaceAll('`', ''), 110).map((line) => `##   ${line}\n`);
    if (second === undefined) {
      text += `\n${prose.join('').replaceAll('##   ', '## ')}#${first}: ${example}\n`;
    } else {
      text += section === first ? '' : `\n#${first}:\n`;
      text += `${prose.join('')}#  ${second}: ${example}\n`;
    }
    section = first;
  }
  return text;
}
