import type { FileState } from '../disk/file-reader.ts';
import type { Parsed } from '../x509/parsed.ts';
import { shellWord } from '../disk/shell-word.ts';

/** What is wrong with a file as a file, before anybody asks what it says. */
export interface FileFault {
  /** `/path is a directory`, `/path is not a certificate: no PEM block` */
  readonly clause: string;
  /** It can be replaced without losing anything: what it is goes into quarantine. */
  readonly replaceable: boolean;
  /** What a person has to do when it is not replaceable. */
  readonly remedy: string | undefined;
}

/**
 * The fault of a file that is present, or undefined when it reads and parses.
 * @param what what it should have been: `a certificate`
 */
export function fileFault(path: string, file: FileState, parsed: Parsed<unknown>, what: string): FileFault | undefined {
  switch (file.state) {
    case 'absent':
      return undefined;
    case 'regular':
      if (parsed.ok) return undefined;
      return { clause: `${path} is not ${what}: ${clauseOf(parsed.problems)}`, replaceable: true, remedy: undefined };
    case 'unreadable': {
      const remedy = remedyOf(path, file);
      return { clause: `${path} ${file.detail}`, replaceable: remedy === undefined, remedy };
    }
  }
}

/** Could a new file be renamed over what is there (or into the gap)? */
export function isReplaceable(path: string, file: FileState): boolean {
  return file.state !== 'unreadable' || remedyOf(path, file) === undefined;
}

/**
 * What only a person can do about it. A FIFO, a link that leads nowhere, a directory and a file too large to be read are no
 * certificate and no key: they are taken into quarantine as they are, and replaced. A link out of the data directory was
 * put there by somebody who manages the file elsewhere; and what root may not read it will not be able to replace.
 *
 * Each command is true for what lies there: none removes what a link leads to, and none removes anything for good.
 */
function remedyOf(path: string, { problem, link }: Extract<FileState, { state: 'unreadable' }>): string | undefined {
  switch (problem) {
    case 'special-file':
    case 'too-large':
    case 'directory':
      return undefined;
    case 'dangling-symlink':
    case 'symlink-loop':
      // Nothing can be moved or put at a path behind one.
      return link === undefined
        ? undefined
        : `mount what it should point to, or fix the link: namei -l ${shellWord(link)}`;
    case 'symlink-escapes':
      return link === undefined || link === path
        ? `certmend does not follow it: replace it with the file itself: cp -p --remove-destination "$(readlink -f ${shellWord(path)})" ${shellWord(path)}`
        : `certmend does not follow ${link}: bind-mount the directory there instead of linking to it, or make the data directory itself the link`;
    case 'not-ours':
    case 'denied':
      return `make it readable by root, then run the check again: namei -l ${shellWord(path)}`;
    case 'io':
      return `the disk may be failing: check the kernel log (dmesg), then restore the file from a backup`;
  }
}

function clauseOf(problems: readonly string[]): string {
  return problems.length === 0 ? 'it cannot be read' : problems.join('; ');
}
