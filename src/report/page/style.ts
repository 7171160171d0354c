import { Markup } from './html.ts';

/**
 * Light and dark as the reader's system has it, one column on a narrow screen, light on paper. No font, picture or sheet of
 * anybody else's.
 */
export const style = new Markup(`<style>
:root { color-scheme: light dark; --paper: #fcfcfb; --ink: #24292f; --faint: #667079; --rule: #e3e5e8; --card: #f4f5f6;
  --good: #3b8272; --near: #c28a1e; --over: #bb4238; --kept: #7a8fb3; --now: #24292f;
  --good-tint: #e6f1ee; --near-tint: #faf1dd; --over-tint: #f9e7e5; }
@media screen and (prefers-color-scheme: dark) { :root { --paper: #15181c; --ink: #dfe3e7; --faint: #929ca6; --rule: #2b3138;
  --card: #1d2126; --good: #57ab97; --near: #d6a544; --over: #e06c60; --kept: #7c93bd; --now: #dfe3e7;
  --good-tint: #172c28; --near-tint: #322814; --over-tint: #371c1a; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem 3rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .6rem; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .7rem; padding-bottom: .3rem; border-bottom: 1px solid var(--rule); }
h3 { font-size: .85rem; line-height: 24px; font-weight: 600; margin: 0; color: var(--faint); }
p { margin: .4rem 0; }
.over-title, .faint, .legend { color: var(--faint); }
.over-title { margin: 0; font-size: .9rem; }
.verdict { padding: .6rem .9rem; border-radius: 6px; border-left: 5px solid var(--kept); background: var(--card); }
.verdict.ok { border-color: var(--good); background: var(--good-tint); }
.verdict.warning { border-color: var(--near); background: var(--near-tint); }
.verdict.critical { border-color: var(--over); background: var(--over-tint); }
.fact::before { content: "\\00b7"; padding-right: .4em; color: var(--faint); }
.reasons { list-style: none; margin: .5rem 0; padding: 0; }
.reasons li { margin: .35rem 0; padding: .4rem .8rem; border-left: 4px solid var(--near); background: var(--card); border-radius: 4px; }
.reasons li.bad { border-color: var(--over); }
.agenda { margin: 0; }
.agenda div { display: grid; grid-template-columns: 21rem 1fr; gap: 0 1rem; padding: .35rem 0; border-bottom: 1px solid var(--rule); }
.agenda dt { font-weight: 600; } .agenda dd { margin: 0; }
.id, .path, .time { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .86em; }
.legend { font-size: .85rem; }
.key { display: inline-block; width: 1.1em; height: .65em; border-radius: 2px; margin: 0 .2em 0 .8em; background: var(--good); }
.key:first-child { margin-left: 0; }
.key.near { background: var(--near); } .key.over { background: var(--over); } .key.kept { background: var(--kept); }
.key.past { background: var(--good); opacity: .35; } .key.line { width: 2px; height: 1em; background: var(--now); vertical-align: -.15em; }
.chart { margin: .6rem 0 1.6rem; }
.row { display: grid; grid-template-columns: minmax(0, 22rem) minmax(0, 1fr) 13.5rem; column-gap: .8rem; align-items: center; }
.row.head { align-items: end; }
.row .end { font-size: .86em; font-variant-numeric: tabular-nums; white-space: nowrap; }
.row .id { font-size: .82em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.row svg { display: block; overflow: visible; }
rect.good { fill: var(--good); } rect.near { fill: var(--near); } rect.over { fill: var(--over); } rect.kept { fill: var(--kept); }
rect.past { opacity: .35; } rect.over.past { opacity: .6; }
line.grid { stroke: var(--rule); } line.now { stroke: var(--now); stroke-width: 1.5; }
text { fill: var(--faint); font-size: 11px; } text.more { fill: var(--paper); font-weight: bold; font-size: 12px; }
b.near { color: var(--near); } b.over, .over { color: var(--over); } b.good { color: var(--good); }
.chain { display: grid; grid-template-columns: auto minmax(0, 1fr); align-items: center; margin: .8rem 0; break-inside: avoid; }
.signers { display: flex; align-items: center; }
.card { width: 15.5rem; padding: .5rem .7rem; border: 1px solid var(--rule); border-radius: 6px; background: var(--card); font-size: .9em; }
.card + .card { margin-left: 1.6rem; position: relative; }
.card + .card::before { content: ""; position: absolute; right: 100%; top: 50%; width: 1.6rem; border-top: 2px solid var(--rule); }
.card > * { display: block; } .card.bad { border-color: var(--over); }
.signed { list-style: none; margin: 0 0 0 1.4rem; padding: 0; position: relative; }
.signed::before { content: ""; position: absolute; right: 100%; top: 50%; width: 1.4rem; border-top: 2px solid var(--rule); }
.signed li { position: relative; padding: .1rem 0 .1rem 1.2rem; border-left: 2px solid var(--rule); }
.signed .faint { font-size: .86em; }
.signed li::before { content: ""; position: absolute; left: 0; top: 50%; width: .9rem; border-top: 2px solid var(--rule); }
.signed li:first-child:not(:only-child) { border-image: linear-gradient(transparent 50%, var(--rule) 50%) 1; }
.signed li:last-child:not(:only-child) { border-image: linear-gradient(var(--rule) 50%, transparent 50%) 1; }
.signed:empty { display: none; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9em; }
th { text-align: left; font-weight: 600; color: var(--faint); }
th, td { padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td, th { overflow-wrap: normal; } td.id, td.path, td.what { overflow-wrap: anywhere; } td.time { white-space: nowrap; } td.id { min-width: 9rem; } td.path { min-width: 14rem; }
tr.bad td:first-child { box-shadow: inset 3px 0 var(--over); padding-left: .5rem; } tr.warn td:first-child { box-shadow: inset 3px 0 var(--near); padding-left: .5rem; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--rule); font-size: .9em; }
@media screen and (max-width: 46rem) {
  body { padding: 1.2rem .9rem 2rem; }
  .agenda div { grid-template-columns: 1fr; }
  .row { grid-template-columns: minmax(0, 1fr) auto; }
  .row svg { grid-row: 2; grid-column: 1 / -1; } .row.head:not(:first-child) svg { display: none; } .row.head:not(:first-child) { margin-top: .5rem; }
  .row .end .faint { display: none; }
  .chain { grid-template-columns: 1fr; } .signers { flex-direction: column; align-items: stretch; } .card { width: 100%; }
  .card + .card { margin: 1rem 0 0; } .card + .card::before { right: auto; left: 1.2rem; top: -1rem; width: 0; height: 1rem; border: 0; border-left: 2px solid var(--rule); }
  .signed { margin: .3rem 0 0 1.2rem; } .signed::before { display: none; }
  .signed li:first-child:not(:only-child) { border-image: none; }
}
@media print {
  @page { margin: 14mm; }
  :root { --paper: #fff; }
  body { max-width: none; padding: 0; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .wide { overflow: visible; } table { font-size: 7.5pt; } td.id, td.path { min-width: 0; }
  h2 { margin-top: 1.4rem; } h2, h3 { break-after: avoid; } .row, tr, .card, .reasons li, .agenda div { break-inside: avoid; }
  .row { grid-template-columns: minmax(0, 15rem) minmax(0, 1fr) 12.5rem; }
}
</style>`);
