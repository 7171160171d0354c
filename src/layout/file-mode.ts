const ownerMayRead = 0o400;

/**
 * The permission bits for a file that certmend writes: those of the layout's row, and of these only the ones that the
 * file before it had, since whoever closed it more had a reason. Never more than the row, whatever a mode became by
 * accident (0666, setuid bits) or was when an older set was live.
 *
 * @param row of the layout
 * @param before of the file that is replaced, or as it was recorded; undefined when there was none
 */
export function fileMode(row: number, before: number | undefined): number {
  const kept = before === undefined ? row : row & before;
  return (kept & ownerMayRead) === 0 ? row : kept;
}
