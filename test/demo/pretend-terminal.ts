// Loaded before the program (node --import): its output goes through the demo, which leaves out rows of long tables, and
// should still look as it does on a terminal. Colour is NO_COLOR's business.
for (const stream of [process.stdout, process.stderr]) {
  Object.defineProperty(stream, 'isTTY', { value: true });
  Object.defineProperty(stream, 'columns', { value: Number(process.env['COLUMNS'] ?? '80') });
}
