/**
 * A path pattern: `*` and `?` stand for anything but a slash, `**` for anything, and a slash at the end for everything
 * below. One that does not begin with a slash is taken below `directory`. Names that begin with a dot are names.
 * @param directory absolute, without a slash at its end
 */
export function matchesGlob(path: string, glob: string, directory: string): boolean {
  const whole = glob.startsWith('/') ? glob : `${directory}/${glob}`;
  const pattern = (whole.endsWith('/') ? `${whole}**` : whole)
    .split(/(\*\*|\*|\?)/)
    .map((part) => wild[part] ?? part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))
    .join('');
  return new RegExp(`^${pattern}$`, 's').test(path);
}

const wild: Readonly<Record<string, string>> = { '**': '.*', '*': '[^/]*', '?': '[^/]' };
