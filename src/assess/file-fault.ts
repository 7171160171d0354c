import type { FileState } from '../disk/file-reader.ts';
import type { Parsed } from '../inventory/inventory.ts';

/** What is wrong with a file as a file, before anybody asks what it says. */
export interface FileFault {
  /** `/path is a directory`, `/path is not a certificate: no PEM block` */
  readonly clause: string;
  /** A new file can be renamed over it without losing anything that is not kept elsewhere. */
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
      const remedy = remedyOf(path, file.problem);
      return { clause: `${path} ${file.detail}`, replaceable: remedy === undefined, remedy };
    }
  }
}

/** Could a new file be renamed over what is there (or into the gap)? */
export function isReplaceable(path: string, file: FileState): boolean {
  return file.state !== 'unreadable' || remedyOf(path, file.problem) === undefined;
}

/**
 * What only a person can do about it. A FIFO and a link that leads nowhere hold nothing, and a file too large to be read
 * is no certificate and no key: they are replaced, and the quarantine's note says what was there. A directory cannot be
 * renamed over; a link out of the data directory was put there by somebody who manages the file elsewhere; and what root
 * may not read it will not be able to replace.
 */
function remedyOf(path: string, problem: Extract<FileState, { state: 'unreadable' }>['problem']): string | undefined {
  switch (problem) {
    case 'special-file':
    case 'dangling-symlink':
    case 'symlink-loop':
    case 'too-large':
      return undefined;
    case 'directory':
      return `move it away: mv '${path}' '${path}.damaged'`;
    case 'symlink-escapes':
      return `certmend does not follow it: put a regular file in its place, or remove the link: rm '${path}'`;
    case 'not-ours':
    case 'denied':
      return `make it readable for root, then run the check again: namei -l '${path}'`;
    case 'io':
      return `the disk may be failing: look at the kernel log (dmesg), then put the file back from a backup`;
  }
}

function clauseOf(problems: readonly string[]): string {
  return problems.length === 0 ? 'it cannot be read' : problems.join('; ');
}
