import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { terminalPicture } from './terminal-picture.ts';

/*
 * node build/pictures.ts: draws docs/pictures/*.svg from what was captured in docs/pictures/*.txt, each in a real run
 * (test/scenarios/systemd/pictures.ts). A test compares.
 */
const directory = join(import.meta.dirname, '..', 'docs', 'pictures');

interface Picture {
  readonly name: string;
  readonly title: string;
  /** What is shown of the captured text. */
  readonly part: (text: string) => string;
}

export const pictures: readonly Picture[] = [
  {
    name: 'demo',
    title: 'npm run demo: a node comes back after 400 days',
    // What is wrong, what the boot hook does, how it is then; the demo goes on with a power cut.
    part: (text) => sectionsOf(text, [1, 3, 4]),
  },
  { name: 'status', title: 'systemctl status certmend', part: (text) => text },
];

/** The picture as it should be. */
export function drawn({ name, title, part }: Picture): string {
  return terminalPicture(title, part(readFileSync(join(directory, `${name}.txt`), 'utf8')));
}

/** The first lines of the demo and some of its numbered sections. */
function sectionsOf(text: string, numbers: readonly number[]): string {
  const [head = '', ...sections] = text.split(/^(?=\S*── \d+\. )/m);
  const shown = sections.flatMap((section) => {
    const number = Number(/── (\d+)\. /.exec(section)?.[1]);
    if (numbers.includes(number)) return [section];
    return number < Math.max(...numbers) ? ['…\n\n'] : [];
  });
  if (shown.length < numbers.length) throw new Error('the captured demo has other sections');
  return [head, ...shown].join('');
}

if (import.meta.main)
  for (const picture of pictures) writeFileSync(join(directory, `${picture.name}.svg`), drawn(picture));
